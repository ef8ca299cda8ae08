import { AllowAny, allow, definePolicy, permission } from "@portcullis/core";
import express from "express";
import fc from "fast-check";
import Koa from "koa";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, send, stopAll } from "../test/support.js";
import { toExpress } from "./index.js";
import { toKoa } from "./koa.js";

afterEach(stopAll);

const policy = definePolicy({
  actions: { look: permission("look", ({ scope }) => allow({ path: scope.path })), open: AllowAny },
});

type Options = Parameters<typeof toExpress>[2] & Parameters<typeof toKoa>[2];

const servers = {
  Express: (action: string, options: Options = {}) => {
    const app = express();
    app.use(toExpress(policy, action, options), (request, response) => {
      response.json({ ...response.locals.evidence, routed: request.path });
    });
    return listen(app);
  },
  Koa: (action: string, options: Options = {}) => {
    const app = new Koa();
    app.use(toKoa(policy, action, options));
    app.use((context) => {
      context.body = { ...context.state.evidence, routed: context.path };
    });
    return listen(app.callback());
  },
};

describe.each(Object.entries(servers))("behind %s", (_name, serve) => {
  test("the path is the one that the router reads, or is refused", async () => {
    const { port } = await serve("look");
    const part = fc.constantFrom(
      "/",
      "\\",
      ".",
      "..",
      "%2e",
      "%2E.",
      "%2f",
      "a",
      "admin",
      "?",
      "=",
      "%",
      "~",
      "é",
      "#",
      "[",
    );
    const start = fc.constantFrom("/", "/", "//", "http://x/", "http:///", "ws://a");
    const target = fc
      .tuple(start, fc.array(part, { maxLength: 8 }))
      .map(([first, parts]) => first + encodeURI(parts.join("")).replaceAll("%25", "%"));
    const refused = [
      "/public/../admin",
      "http://x/admin",
      "http:///admin",
      "//x/admin",
      "/x\\..\\admin",
      "/%2e%2e/admin",
    ];
    const statusOf = async (path: string) => {
      const { status, body } = await send(port, { path });
      // Node itself refuses some targets, with an empty body.
      const { code, path: decided, routed } = JSON.parse(body || '{ "code": "bad_target" }');
      expect(status === 200 ? [decided, typeof decided] : [status, code]).toEqual(
        status === 200 ? [routed, "string"] : [400, "bad_target"],
      );
      return status;
    };
    for (const path of refused) expect(await statusOf(path)).toBe(400);
    for (const path of ["/", "/a//b", "/admin?x=/../y"]) expect(await statusOf(path)).toBe(200);
    await fc.assert(
      fc.asyncProperty(target, async (path) => void (await statusOf(path))),
      { numRuns: 100 },
    );
  });

  test("an invalid target is refused once, before any rule", async () => {
    const authenticate = vi.fn();
    const onDecision = vi.fn();
    const { port } = await serve("open", { authenticate, onDecision });
    const { status, body } = await send(port, { path: "//" });
    expect([status, JSON.parse(body).code]).toEqual([400, "bad_target"]);
    expect(onDecision).toHaveBeenCalledOnce();
    expect(onDecision.mock.calls[0]?.[2]).toEqual({ phase: "connect" });
    expect(authenticate).not.toHaveBeenCalled();
  });
});
