import { AllowAny, definePolicy, deny, permission } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { fromExpress, parity } from "../index.js";

const app = express();
const requireRole: RequestHandler = (request, response, next) => {
  const role = request.get("x-role");
  if (role === "admin") next();
  else response.status(role === undefined ? 401 : 403).json({ message: `not for ${role}` });
};
const roleOf = ({ scope }: { scope: { headers: Record<string, unknown> } }) => scope.headers["x-role"];
const asked = { action: "report.create" };
const as = (role: string) => ({ ...asked, note: role, scope: { headers: { "x-role": role } } });

describe("parity", () => {
  test("finds no difference where there is none", async () => {
    const rule = fromExpress(requireRole, { app });
    const policy = definePolicy({ connect: rule, actions: { "report.create": rule } });
    const cases = [asked, as("admin"), as("reader"), { phase: "connect" as const }];
    expect(await parity(policy, requireRole, cases, { app })).toEqual([]);
    expect(await parity(policy, rule, cases)).toEqual([]);
  });

  test("lists where they differ, in yes or no and in status", async () => {
    const isAdmin = permission("isAdmin", (context) => roleOf(context) !== "reader");
    const policy = definePolicy({ connect: AllowAny, actions: { "report.create": isAdmin } });
    const cases = [as("admin"), as("reader"), as("editor"), asked, { phase: "connect" as const }];
    expect(await parity(policy, requireRole, cases, { app })).toEqual([
      {
        index: 2,
        note: "editor",
        http: { isAllowed: false, status: 403, reason: "not for editor" },
        socket: { isAllowed: true, status: 200 },
      },
      {
        index: 3,
        note: undefined,
        http: { isAllowed: false, status: 401, reason: "not for undefined" },
        socket: { isAllowed: true, status: 200 },
      },
      {
        index: 4,
        note: undefined,
        http: expect.objectContaining({ status: 401 }),
        socket: { isAllowed: true, status: 200 },
      },
    ]);
  });

  test("lists where both refuse, with another status", async () => {
    const isSignedIn = permission("isSignedIn", (context) => roleOf(context) === "admin" || deny("not_authenticated"));
    const policy = definePolicy({ actions: { "report.create": isSignedIn } });
    expect(await parity(policy, requireRole, [asked, as("admin"), as("reader")], { app })).toEqual([
      {
        index: 2,
        note: "reader",
        http: { isAllowed: false, status: 403, reason: "not for reader" },
        socket: { isAllowed: false, status: 401, reason: "Authentication credentials were not provided." },
      },
    ]);
  });

  test("uses an anonymous client, except for the case's own scope", async () => {
    const found: unknown[] = [];
    const see = permission("see", {
      connect: ({ scope, consumer }) => found.push(["connect", scope, consumer]) > 0,
      action: ({ scope, consumer, action }) => found.push([action, scope, consumer]) > 0,
    });
    const policy = definePolicy({ connect: see, actions: { edit: see } });
    const allowing: RequestHandler = (_request, _response, next) => next();
    const cases = [{ action: "edit" }, { phase: "connect" as const, scope: { path: "/chat", user: { id: 1 } } }];
    expect(await parity(policy, allowing, cases, { app })).toEqual([]);
    const scope = {
      transport: "parity",
      path: "/",
      query: {},
      headers: {},
      cookies: {},
      origin: undefined,
      remoteAddress: "127.0.0.1",
      secure: false,
      subprotocols: [],
      connectedAt: 0,
      user: null,
      request: undefined,
    };
    const consumer = { id: "parity", transport: "parity", raw: undefined, close: expect.any(Function) };
    expect(found).toEqual([
      ["edit", scope, consumer],
      ["connect", { ...scope, path: "/chat", user: { id: 1 } }, consumer],
    ]);
  });

  test("asks about the payload, as over HTTP about the body", async () => {
    const owner: RequestHandler = (request, response, next) =>
      request.body.owner === "ann" ? next() : response.sendStatus(403);
    const policy = definePolicy({ actions: { edit: permission("owner", ({ payload }) => payload.owner === "ann") } });
    const cases = ["ann", "bob"].map((who) => ({ action: "edit", payload: { owner: who } }));
    expect(await parity(policy, owner, cases, { app })).toEqual([]);
  });

  test("says what cannot work", async () => {
    const policy = definePolicy({ actions: { edit: AllowAny } });
    await expect(parity({} as never, requireRole, [asked], { app })).rejects.toThrow("got an object as its policy");
    await expect(parity(policy, requireRole, [], { app })).rejects.toThrow("got no case");
    await expect(parity(policy, requireRole, [{}], { app })).rejects.toThrow("case 0 has no action");
    const flat = { action: "edit", headers: { "x-role": "admin" } } as never;
    await expect(parity(policy, requireRole, [flat], { app })).rejects.toThrow(
      /^parity\(\): case 0 .*headers.*note, phase, action/,
    );
  });
});
