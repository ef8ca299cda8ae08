import { AllowAny, definePolicy, permission } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { fromExpress, parity } from "./index.js";

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
    const cases = [asked, as("admin"), as("reader"), { moment: "connect" as const }];
    expect(await parity(policy, requireRole, cases, { app })).toEqual([]);
    expect(await parity(policy, rule, cases)).toEqual([]);
  });

  test("lists where they differ, in yes or no and in status", async () => {
    const isAdmin = permission("isAdmin", (context) => roleOf(context) !== "reader");
    const policy = definePolicy({ connect: AllowAny, actions: { "report.create": isAdmin } });
    const cases = [as("admin"), as("reader"), as("editor"), asked, { moment: "connect" as const }];
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
  });
});
