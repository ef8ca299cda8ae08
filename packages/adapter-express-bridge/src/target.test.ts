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
    app.use(toExpress(policy, action, options), (_request, response) => {
      response.json(response.locals.evidence);
    });
    return listen(app);
  },
  Koa: (action: string, options: Options = {}) => {
    const app = new Koa();
    app.use(toKoa(policy, action, options));
    app.use((context) => {
      context.body = context.state.evidence;
    });
    return listen(app.callback());
  },
};

describe.each(Object.entries(servers))("behind %s", (_name, serve) => {
  test("the path is what `new URL()` reads", async () => {
    const { port } = await serve("look");
    const part = fc.constantFrom("/", "\\", ".", "..", "%2e", "%2E.", "%2f", "a", "admin", "?", "=", "%", "~", "é");
    const target = fc
      .array(part, { maxLength: 8 })
      .map((parts) => `/${encodeURI(parts.join("")).replaceAll("%25", "%")}`);
    const named = ["/public/../admin", "http://x/admin", "//x/admin", "/x\\..\\admin", "/%2e%2e/admin"];
    const check = async (path: string) => {
      const { status, body } = await send(port, { path });
      if (URL.canParse(path, "http://a")) {
        expect([status, JSON.parse(body)]).toEqual([200, { path: new URL(path, "http://a").pathname }]);
      } else expect([status, JSON.parse(body).code]).toEqual([400, "bad_target"]);
    };
    for (const path of named) await check(path);
    await fc.assert(fc.asyncProperty(target, check), { numRuns: 60 });
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
