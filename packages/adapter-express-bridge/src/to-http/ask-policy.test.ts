import {
  type Consumer,
  type Decision,
  definePolicy,
  deny,
  PermissionDenied,
  permission,
  type Scope,
} from "@portcullis/core";
import express from "express";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Asking, listen, send, stopAll } from "../../test/support.js";
import { toExpress } from "../index.js";

let print = vi.spyOn(console, "error");
beforeEach(() => {
  print = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(async () => {
  print.mockRestore();
  await stopAll();
});

const isNamed = permission(
  "isNamed",
  ({ payload }) => payload.name === "ann" || deny("not_ann", { reason: "Not you" }),
);
const policy = definePolicy({
  actions: {
    edit: [isNamed, permission("isOwner", { object: ({ object }) => object === "ann" })],
    open: permission("open", () => true),
    shut: permission("shut", () => false),
    denied: permission("denied", () => {
      throw new PermissionDenied("away");
    }),
    gone: permission("gone", ({ consumer }) => {
      consumer.close();
      return false;
    }),
  },
});

/** Evaluates the rule of an action in front of a route that answers with the name of the action. */
async function ask(action: string, options: object = {}, asking: Asking = {}, asked: unknown = policy) {
  const app = express();
  app.use(express.json({ strict: false }), express.text());
  app.use(toExpress(asked as never, action, options), (_request, response) => void response.json(action));
  const { status, body } = await send((await listen(app)).port, { path: "/?name=ann", ...asking });
  return { status, body: JSON.parse(body) };
}

test("an object that is not there is a 404", async () => {
  const body = {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: "Not found.",
    code: "not_found",
    retry: "never",
  };
  for (const nothing of [undefined, null]) {
    expect(await ask("edit", { object: () => nothing })).toEqual({ status: 404, body });
  }
});

test("a denied action does not load the object", async () => {
  const object = vi.fn(() => undefined);
  const asked = await ask("edit", { object }, { path: "/?name=bob" });
  expect(asked).toMatchObject({ status: 403, body: { code: "not_ann", detail: "Not you" } });
  expect(object).not.toHaveBeenCalled();
});

test("an object that the handler checks needs none here", async () => {
  const isOwner = permission("isOwner", { object: ({ object }) => object === "ann" });
  const checked = definePolicy({ actions: { edit: { rule: isOwner, objects: "checked-by-handler" } } });
  expect(await ask("edit", {}, {}, checked)).toEqual({ status: 200, body: "edit" });
});

test("a body that is no object of fields is refused", async () => {
  const payloads: unknown[] = [];
  const seeing = definePolicy({
    actions: {
      see: permission("see", ({ payload }) => {
        payloads.push({ ...payload });
        return true;
      }),
    },
  });
  for (const [body, status] of [
    ["text", 400],
    [["a", "b"], 400],
    [null, 200],
    [7, 400],
    [{ a: 1 }, 200],
  ]) {
    expect(await ask("see", {}, { method: "POST", body }, seeing)).toMatchObject({ status });
  }
  const plain = { method: "POST", headers: { "content-type": "text/plain" }, body: "text" };
  expect(await ask("see", {}, plain, seeing)).toMatchObject({ status: 400 });
  expect(payloads).toEqual([{ name: "ann" }, { name: "ann", a: 1 }]);
});

test("closing the consumer ends the connection of the request", async () => {
  await expect(ask("gone")).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("every request has its own consumer", async () => {
  const consumers: Consumer[] = [];
  const scopes: Scope[] = [];
  const seeing = definePolicy({
    actions: {
      see: permission("see", ({ consumer, scope }) => {
        consumers.push(consumer);
        scopes.push(scope);
        return true;
      }),
    },
  });
  await ask("see", {}, {}, seeing);
  await ask("see", {}, {}, seeing);
  expect(consumers.map(({ transport }) => transport)).toEqual(["http", "http"]);
  expect(new Set(consumers.map(({ id }) => id)).size).toBe(2);
  expect(consumers.map(({ raw }) => raw)).toEqual(scopes.map(({ request }) => request));
});

test("nothing is printed of a refusal that was meant", async () => {
  const authenticate = () => {
    throw new PermissionDenied("expired");
  };
  expect(await ask("shut")).toMatchObject({ status: 403 });
  expect(await ask("denied")).toMatchObject({ status: 403, body: { code: "away" } });
  expect(await ask("open", { authenticate })).toMatchObject({ status: 401, body: { code: "expired" } });
  expect(await ask("open")).toEqual({ status: 200, body: "open" });
  expect(print).not.toHaveBeenCalled();
});

test("a fault is printed with the place it is from", async () => {
  const error = new Error("down");
  const fail = () => {
    throw error;
  };
  expect(await ask("open", { authenticate: fail })).toMatchObject({ status: 500 });
  expect(await ask("open", { payload: fail })).toMatchObject({ status: 500 });
  expect(await ask("edit", { object: fail })).toMatchObject({ status: 500 });
  expect(print.mock.calls).toEqual([
    ["portcullis: permission_error in authenticate (open):", error],
    ["portcullis: permission_error in toExpress() (open):", error],
    ["portcullis: permission_error in toExpress() (edit):", error],
  ]);
});

test("whoever listens hears of the moment in which it was refused", async () => {
  const told: unknown[] = [];
  const onDecision = ({ code, by }: Decision, _from: unknown, made: object) => void told.push([code, by, made]);
  const authenticate = () => {
    throw new Error("down");
  };
  await ask("open", { onDecision, authenticate });
  await ask("shut", { onDecision });
  await ask("edit", { onDecision, object: () => "bob" });
  expect(told).toEqual([
    ["permission_error", "authenticate", { phase: "connect" }],
    ["permission_denied", "shut", { phase: "action" }],
    ["permission_denied", "isOwner", { phase: "object" }],
  ]);
});
