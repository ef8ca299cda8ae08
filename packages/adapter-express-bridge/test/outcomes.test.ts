import Router from "@koa/router";
import { AllowAny, and, type Decision, not, or, type Rule } from "@portcullis/core";
import express from "express";
import express4 from "express4";
import Koa from "koa";
import Koa2 from "koa2";
import methodOverride from "method-override";
import { describe, expect, test } from "vitest";
import { fromExpress } from "../src/index.js";
import { fromKoa } from "../src/koa.js";
import { EXPRESS, KOA, type Refusing } from "./outcomes.js";
import { askAction, askConnect, at, type Question } from "./support.js";

/**
 * Checks that a rule has the same outcome at connect and for an action, alone and among others. `not` negates a denial
 * only.
 */
async function check(rule: Rule, decision: Refusing<never>["decision"], question?: Question): Promise<void> {
  for (const ask of [askAction, askConnect]) {
    const said: Decision = await ask(rule, question);
    expect(said).toMatchObject(decision);
    expect(JSON.stringify([said.reason, said.headers])).not.toMatch(/secret|db7/);
    const isDenied = decision.outcome === "deny";
    expect(await ask(not(rule), question)).toMatchObject(isDenied ? { outcome: "allow" } : decision);
    expect(await ask(not(not(rule)), question)).toMatchObject(decision);
    expect(await ask(or(rule, AllowAny), question)).toMatchObject({ outcome: "allow" });
    expect(await ask(and(rule, AllowAny), question)).toMatchObject(decision);
    expect(await ask(and(AllowAny, rule), question)).toMatchObject(decision);
    expect(await ask(and(not(rule), AllowAny), question)).toMatchObject(isDenied ? { outcome: "allow" } : decision);
  }
}

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a chain of %s", (_version, framework) => {
  const app = framework();
  const rule = (chain: unknown, options: object = {}) =>
    fromExpress(chain as never, { app, timeout: 40, onError() {}, ...options }) as Rule;

  test.each(EXPRESS)("that $name", async ({ chain, decision }) => check(rule(chain), decision));

  test("that a client's `_method` leads elsewhere", async () => {
    await check(
      rule(methodOverride("_method", { methods: ["GET", "POST"] })),
      { outcome: "error", status: 403, code: "permission_denied" },
      at({}, "/?_method=PUT"),
    );
  });

  test("whose body parser finds a message too large", async () => {
    const parse = framework.json({ limit: 10 });
    const question = { payload: { text: "x".repeat(20) } };
    const decision = { outcome: "error", status: 413, code: "payload_too_large" } as const;
    expect(await askAction(rule(parse), question)).toMatchObject(decision);
    expect(await askAction(not(rule(parse)), question)).toMatchObject(decision);
  });

  test("whose router cannot read a url", async () => {
    const router = framework.Router().use("/:id", (_q, _r, next) => next());
    await check(rule(router), { outcome: "error", status: 400, code: "invalid_input" }, at({}, "/%zz"));
  });
});

describe.each([
  ["Koa 3", Koa],
  ["Koa 2", Koa2 as typeof Koa],
])("a chain of %s", (_version, Framework) => {
  const app = new Framework();
  app.silent = true;
  const rule = (chain: unknown, own = app) =>
    fromKoa(chain as never, { app: own, timeout: 40, stopAt: [], onError() {} }) as Rule;

  test.each(KOA)("that $name", async ({ chain, decision }) => check(rule(chain), decision));

  test("whose router has no route", async () => {
    const router = new Router().get("/orders", (_context, next) => next());
    await check(rule(router.routes()), { outcome: "error", status: 403, code: "permission_denied" });
  });

  test("whose application answers errors itself, and tells nobody", async () => {
    const own = new Framework();
    Object.assign(own.context, {
      onerror(this: Koa.Context, error: { status?: number } | null) {
        if (error === null) return;
        this.res.statusCode = error.status ?? 500;
        this.res.end();
      },
    });
    const decision = { outcome: "error", status: 401, code: "not_authenticated" } as const;
    await check(
      rule((context: Koa.Context) => context.throw(401), own),
      decision,
    );
  });

  test("that catches an error and answers 401 itself has said so", async () => {
    const caught: Koa.Middleware = async (context, next) => {
      try {
        await next();
      } catch {
        context.status = 401;
      }
    };
    const decision = { outcome: "deny", status: 401, code: "not_authenticated" } as const;
    await check(rule([caught, (context: Koa.Context) => context.throw(401)]), decision);
  });
});
