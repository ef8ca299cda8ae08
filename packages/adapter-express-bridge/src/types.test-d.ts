import type { IncomingMessage, ServerResponse } from "node:http";
import { guard } from "@portcullis/adapter-ws";
import {
  and,
  type Consumer,
  type Decision,
  definePolicy,
  type EvidenceOf,
  IsAuthenticated,
  or,
  type Scope,
} from "@portcullis/core";
import { consumersFor, defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import express, { type Application, type Express, type Request, type RequestHandler, type Response } from "express";
import type Koa from "koa";
import type { Middleware } from "koa";
import { describe, expectTypeOf, test } from "vitest";
import type { WebSocketServer } from "ws";
import {
  type ExpressApplication,
  fromExpress,
  type HttpEvidence,
  type Identified,
  toExpress,
  useExpress,
} from "./index.js";
import { fromKoa, toKoa, useKoa } from "./koa.js";

declare const wss: WebSocketServer;
declare const handler: RequestHandler;
declare const middleware: Middleware;
declare const app: Express;
declare const koa: Koa;
declare const consumer: Consumer;
type AppScope = Scope & { readonly user: { id: number } | null };

describe("fromExpress", () => {
  test("takes handlers, routers, applications and lists of them", () => {
    fromExpress([handler, [express.Router(), app], express.json()], { app });
    fromExpress(handler, { app: app as Application });
    fromExpress((request: IncomingMessage, _response: unknown, next: () => void) => request && next(), { app: null });
    // @ts-expect-error a string is no middleware
    fromExpress("handler", { app });
    // @ts-expect-error a request is no application
    fromExpress(handler, { app: app.request });
    // @ts-expect-error there is no such option
    fromExpress(handler, { app, retries: 1 });
    // @ts-expect-error `unmatched` is not a boolean
    fromExpress(handler, { app, unmatched: true });
  });
  test("tells a middleware that is written in place what it gets", () => {
    const rule = fromExpress(
      (request, response, next) => {
        expectTypeOf(request).toEqualTypeOf<Request>();
        expectTypeOf(response).toEqualTypeOf<Response>();
        if (request.get("x-api-key") === "secret") next();
        else response.status(401).json({ message: "An API key is needed." });
      },
      { app },
    );
    expectTypeOf<EvidenceOf<typeof rule>>().toEqualTypeOf<HttpEvidence>();
    fromExpress([handler, [(request, _response, next) => next(request.get("x-error"))]], { app });
    fromExpress(
      (request, response, next) => {
        expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
        expectTypeOf(response).toEqualTypeOf<ServerResponse>();
        next();
      },
      { app: null },
    );
    // @ts-expect-error a request has no such property
    fromExpress((request, _response, next) => next(request.gte), { app });
    useExpress((request, _response, next) => next(request.get("x-error")), { app });
  });
  test("makes a permission that says what it leaves as evidence", () => {
    const rule = fromExpress(handler, { app });
    expectTypeOf<EvidenceOf<typeof rule>>().toEqualTypeOf<HttpEvidence>();
    expectTypeOf(and(IsAuthenticated, or(rule, rule))).toHaveProperty("name");
  });
  test("gives the scope to its functions, and needs it", () => {
    const rule = fromExpress<AppScope>(handler, { app, headers: ({ user }) => ({ "x-user": String(user?.id) }) });
    const policy = definePolicy({ connect: rule, actions: { ping: rule } });
    guard(wss, policy, { authenticate: () => ({ user: { id: 1 } }) });
    // @ts-expect-error `authenticate` is missing
    guard(wss, policy);
    // @ts-expect-error the id of the user has another type
    guard(wss, policy, { authenticate: () => ({ user: { id: "1" } }) });
  });
  test("decides later", () => {
    const policy = definePolicy({ actions: { ping: fromExpress(handler, { app }) } });
    expectTypeOf(policy.decide({} as Scope, consumer, "ping")).toEqualTypeOf<Decision | Promise<Decision>>();
  });
});

test("fromKoa takes middlewares and lists of them", () => {
  fromKoa((ctx, next) => (ctx.get("x-api-key") === "secret" ? next() : ctx.throw(401)), { app: koa });
  fromKoa([middleware, (ctx, next) => expectTypeOf(ctx.state.id).toEqualTypeOf<number>() && next()], {
    app: koa as Koa<{ id: number }>,
  });
  // @ts-expect-error a context has no such method
  fromKoa((ctx) => ctx.gte("x-api-key"), { app: koa as Koa<object, object> });
  fromKoa([middleware, [middleware]], { app: koa });
  // @ts-expect-error the application is needed
  fromKoa(middleware, {});
});

test("useKoa says what it adds to the scope", () => {
  const bare = useKoa(middleware, { app: koa });
  expectTypeOf(bare).returns.resolves.toEqualTypeOf<{ user: unknown; sid: string | undefined }>();
  const found = useKoa(middleware, { app: koa as Koa<{ id: number }>, hydrate: ({ state }) => ({ id: state.id }) });
  expectTypeOf(found).returns.resolves.toEqualTypeOf<{ id: number }>();
  // @ts-expect-error the application is needed
  useKoa(middleware, {});
});

test("useExpress says what it adds to the scope", () => {
  const found = useExpress(handler, { app, hydrate: ({ user }) => ({ user: user as { id: number } | null }) });
  guard(wss, definePolicy({ actions: { ping: fromExpress<AppScope>(handler, { app }) } }), { authenticate: found });
  expectTypeOf(useExpress(handler, { app })).returns.resolves.toEqualTypeOf<{
    user: unknown;
    sid: string | undefined;
  }>();
});

test("fromExpress has the user that the application declares", () => {
  type Declared = ExpressApplication & { readonly request: { user?: { readonly id: string } | undefined } };
  const rule = fromExpress(handler, { app: app as unknown as Declared });
  expectTypeOf<EvidenceOf<typeof rule>>().toEqualTypeOf<HttpEvidence<{ readonly id: string }>>();
  defineConsumer().action("ping", rule, ({ evidence }) => evidence.user?.id.trim());
});

test("useExpress has the user that the application declares", () => {
  type Declared = ExpressApplication & { readonly request: { user?: { readonly id: string } | undefined } };
  const found = useExpress(handler, { app: app as unknown as Declared });
  expectTypeOf(found).returns.resolves.toEqualTypeOf<{
    user: { readonly id: string } | null;
    sid: string | undefined;
  }>();
  guard(wss, definePolicy({ permissions: IsAuthenticated }), {
    authenticate: found,
    identify: ({ user, sid }) => user && { subjects: [`user:${user.id}`, `session:${sid}`] },
    continuity: continuity(),
  });
  expectTypeOf(useExpress(handler)).returns.resolves.toEqualTypeOf<{ user: unknown; sid: string | undefined }>();
  expectTypeOf(useExpress(handler, { app: null })).returns.resolves.toEqualTypeOf<{
    user: unknown;
    sid: string | undefined;
  }>();
  expectTypeOf(useExpress<{ user: number }>(handler)).returns.resolves.toEqualTypeOf<{ user: number }>();
});

test("identify gets the id of the session from useExpress", () => {
  const authenticate = useExpress([handler], { app });
  guard(wss, definePolicy({ permissions: IsAuthenticated }), {
    authenticate,
    identify: ({ user, sid }) => {
      expectTypeOf(sid).toEqualTypeOf<string | undefined>();
      return user ? { subjects: [`session:${sid}`] } : null;
    },
    continuity: continuity(),
  });
  const hydrate = ({ user, sessionID }: Identified) => ({ user, id: String(sessionID) });
  const hydrated = useExpress(handler, { app, hydrate });
  guard(wss, definePolicy({ permissions: IsAuthenticated }), {
    authenticate: hydrated,
    identify: ({ user, id }) => (user ? { subjects: [id] } : null),
    continuity: continuity(),
  });
});

test("toExpress and toKoa take the actions of the policy", () => {
  const policy = definePolicy({ actions: { ping: IsAuthenticated } });
  const served = defineConsumer().action("ping", IsAuthenticated, () => 1);
  const open = definePolicy({ permissions: IsAuthenticated });
  const name: string = "ping";
  for (const rules of [policy, served] as const) toExpress(rules, name);
  toExpress(open, "anything");
  toKoa(policy, name);
  // @ts-expect-error no such action
  toExpress(policy, "pong");
  // @ts-expect-error no such action
  toKoa(policy, "pong");
  // @ts-expect-error no such action
  toExpress(served, "pong");
});

test("toExpress and toKoa fit where middlewares are wanted", () => {
  const policy = definePolicy({ actions: { ping: IsAuthenticated } });
  app.post("/", toExpress(policy, "ping"), handler);
  koa.use(toKoa(policy, "ping"));
  const served = defineConsumer().action("ping", IsAuthenticated, () => 1);
  app.post("/", toExpress(served, "ping"), handler);
  koa.use(toKoa(served, "ping", { connect: false }));
  const known = consumersFor<AppScope>()
    .defineConsumer()
    .action("ping", IsAuthenticated, ({ scope }) => scope.user.id);
  app.post("/", toExpress(known, "ping", { authenticate: () => ({ user: { id: 1 } }) }), handler);
  koa.use(toKoa(known, "ping"));
  // @ts-expect-error this is no policy
  toExpress({}, "ping");
  // @ts-expect-error this is no policy either
  toKoa({ describe: () => ({}), engine: 1 }, "ping");
});

test("no promise among what was found fits", () => {
  const policy = definePolicy({ actions: { ping: IsAuthenticated } });
  const find = async (request: { url?: string | undefined }) => ({ id: Number(request.url) });
  toExpress(policy, "ping", { authenticate: async (request) => ({ user: await find(request) }) });
  toExpress<Request>(policy, "ping", { authenticate: ({ path }) => ({ user: { id: path } }) });
  toKoa(policy, "ping", { authenticate: async ({ req }) => ({ user: await find(req) }) });
  toKoa(policy, "ping", { authenticate: ({ state }) => state });
  // @ts-expect-error the user is a promise
  toExpress(policy, "ping", { authenticate: (request) => ({ user: find(request) }) });
  // @ts-expect-error the user is a promise
  toKoa(policy, "ping", { authenticate: async ({ req }) => ({ user: find(req) }) });
  const found = useExpress(handler, { app, hydrate: (request) => ({ user: find(request) }) });
  // @ts-expect-error the user is a promise
  guard(wss, policy, { authenticate: found });
});
