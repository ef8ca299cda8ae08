import { allow, and, definePolicy, deny, HasRole, not, or, permission } from "@portcullis/core";
import express from "express";
import Koa from "koa";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listen, send, stopAll } from "../../test/support.js";
import type { HttpDecisionDetails } from "../index.js";
import { toExpress } from "../index.js";
import { toKoa } from "../koa.js";

afterEach(stopAll);

/** Counts the evaluations of a rule. */
const asked = vi.fn();
beforeEach(() => asked.mockClear());
const isMember = permission("isMember", async ({ payload }) => {
  asked("isMember");
  return payload.as === "member" ? allow({ membership: 1 }) : deny("not_a_member", { reason: "Join first" });
});
const isOwner = permission("isOwner", { object: ({ object }) => object === "mine" });
const policy = definePolicy({
  connect: permission("notBanned", { connect: ({ scope }) => scope.headers["x-banned"] === undefined }),
  permissions: permission("isOpen", () => true),
  actions: {
    send: or(and(isMember, not(permission("hasLink", () => false))), HasRole("admin")),
    edit: and(isMember, isOwner),
    hang: and(
      isMember,
      permission("hangs", () => new Promise<boolean>(() => {})),
    ),
  },
});

type Told = [{ outcome: string; code: string }, unknown, HttpDecisionDetails];
type Serve = (action: string, options: object) => Promise<number>;

const serveExpress: Serve = async (action, options) => {
  const app = express();
  app.use(toExpress(policy, action, options), (_request, response) => void response.json(response.locals.evidence));
  return (await listen(app)).port;
};
const serveKoa: Serve = async (action, options) => {
  const app = new Koa();
  app.use(toKoa(policy, action, options) as never);
  app.use((context: Koa.Context) => {
    context.body = context.state.evidence;
  });
  return (await listen(app.callback())).port;
};

describe.each([
  ["Express", serveExpress],
  ["Koa", serveKoa],
])("the trace of a decision in %s", (_name, serve) => {
  async function ask(action: string, path: string, options: object = {}, headers: Record<string, string> = {}) {
    const onDecision = vi.fn();
    const { status, body } = await send(await serve(action, { trace: true, onDecision, ...options }), {
      path,
      headers,
    });
    expect(onDecision).toHaveBeenCalledTimes(1);
    const [decision, , made] = onDecision.mock.calls[0] as unknown as Told;
    return { status, body, decision, made };
  }

  test("says what each rule answered, without asking a second time", async () => {
    const { status, made } = await ask("send", "/?as=guest");
    expect(status).toBe(401);
    expect(made).toMatchObject({
      phase: "action",
      trace: {
        permissions: { kind: "rule", name: "isOpen", outcome: "allow" },
        rule: {
          kind: "or",
          outcome: "deny",
          operands: [
            {
              kind: "and",
              operands: [
                { name: "isMember", outcome: "deny", code: "not_a_member", reason: "Join first" },
                { kind: "not", operands: [{ kind: "rule", name: "hasLink" }] },
              ],
            },
            { name: "HasRole(admin)", outcome: "deny" },
          ],
        },
      },
    });
    const [both] = made.trace?.rule?.operands ?? [];
    expect(both?.operands?.[0]?.milliseconds).toBeGreaterThanOrEqual(0);
    expect(both?.operands?.[1]?.operands?.[0]).not.toHaveProperty("outcome");
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("is that of the connect rule where that has refused", async () => {
    const { status, made } = await ask("send", "/?as=member", {}, { "x-banned": "1" });
    expect(status).toBe(403);
    expect(made).toMatchObject({ phase: "connect", trace: { rule: { name: "notBanned", outcome: "deny" } } });
    expect(asked).not.toHaveBeenCalled();
  });

  test("covers action and object, with each rule evaluated once", async () => {
    const mine = await ask("edit", "/?as=member", { object: () => "mine" });
    expect(mine).toMatchObject({ status: 200, body: '{"membership":1}' });
    expect(mine.made).toMatchObject({
      phase: "object",
      trace: { rule: { outcome: "allow", operands: [{ name: "isMember" }, { name: "isOwner", outcome: "allow" }] } },
    });
    expect(asked).toHaveBeenCalledTimes(1);
    const theirs = await ask("edit", "/?as=member", { object: () => "theirs" });
    expect(theirs.status).toBe(403);
    expect(theirs.made.trace?.rule).toMatchObject({
      outcome: "deny",
      operands: [{ outcome: "allow" }, { outcome: "deny" }],
    });
    expect((await ask("edit", "/?as=member", { object: () => undefined })).made.phase).toBe("object");
  });

  test("has what was answered before the time was up", async () => {
    const { status, made } = await ask("hang", "/?as=member", { timeout: 100 });
    expect(status).toBe(503);
    expect(made.trace?.rule?.operands?.[0]).toMatchObject({ name: "isMember", outcome: "allow" });
    expect(made.trace?.rule?.operands?.[1]).not.toHaveProperty("outcome", "allow");
  });

  test("is missing without an evaluated rule or the option", async () => {
    const authenticate = () => {
      throw new Error("down");
    };
    expect((await ask("send", "/", { authenticate })).made).toEqual({ phase: "connect" });
    expect((await ask("send", "/", { trace: false })).made).toEqual({ phase: "action" });
    expect((await ask("edit", "/?as=member", { trace: false, object: () => "mine" })).made).toEqual({
      phase: "object",
    });
  });

  test("asks each rule once with an object, also without a trace", async () => {
    await ask("edit", "/?as=member", { trace: false, object: () => "mine" });
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("an async listener that rejects is printed, and ends nothing", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const error = new Error("the log is full");
    const onDecision = async () => {
      throw error;
    };
    expect((await send(await serve("send", { onDecision }), { path: "/?as=member" })).status).toBe(200);
    await expect.poll(() => print.mock.calls).toEqual([["portcullis: onDecision has thrown:", error]]);
    print.mockRestore();
  });
});

test("a trace is asked for with true or false", () => {
  expect(() => toExpress(policy, "send", { trace: 1 } as never)).toThrow("as `trace`: give true or false");
});
