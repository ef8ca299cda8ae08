import type { IncomingMessage, ServerResponse } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import { refuseParam } from "../exchange/derive-request.js";
import type { Exchange } from "../exchange/exchange.js";
import type { Derived } from "../exchange/make-request.js";
import type { KoaContext, KoaMiddleware } from "./koa-context.js";
import { canBeAsked, type KoaRun, routedIn, watched, watchRouters } from "./koa-routes.js";
import { refuseEmpty } from "./refuse-empty.js";
import type { Runner, RunnerSettings } from "./runner.js";
import { identityOf } from "./scope-identity.js";

/** The parts that are used of a Koa application, version 2 or 3. */
export interface KoaApplication {
  readonly context: object;
  readonly middleware: readonly unknown[];
  callback(): (request: IncomingMessage, response: ServerResponse) => unknown;
}

/** One running evaluation. */
interface Held {
  readonly exchange: Exchange;
  readonly derived: Derived;
  context: KoaContext | undefined;
}

/** @throws {PermissionMisuse} When it is no application of Koa. */
export function readKoa(caller: string, app: unknown): KoaApplication {
  const { context, middleware, callback } = (app ?? {}) as Partial<KoaApplication>;
  if (typeof context === "object" && Array.isArray(middleware) && typeof callback === "function") {
    return app as KoaApplication;
  }
  throw new PermissionMisuse(
    `${caller} got ${show(app)} as \`app\`: give the Koa application whose settings count, as in { app: new Koa() }`,
  );
}

/**
 * Evaluations by request. INVARIANT: an evaluation is found by its own request only, so the end of one chain never
 * passes the evaluation of another.
 */
type HeldByRequest = WeakMap<IncomingMessage, Held>;

/**
 * Runs a chain of Koa middlewares with the context and the settings of the application, and none of its middlewares.
 */
export function koaRun(
  chain: readonly ((...input: never[]) => unknown)[],
  app: KoaApplication,
  settings: RunnerSettings,
  whenBegun: (context: KoaContext) => void = () => {},
): Runner {
  const held: HeldByRequest = new WeakMap();
  const note = (error: unknown, context: KoaContext | undefined) => {
    const one = context && held.get(context.req);
    one?.exchange.note(error);
  };
  const { caller, stopAt } = settings;
  const run: KoaRun = { caller, stopAt, end: endOf(held, settings, true) };
  const own = (chain as readonly KoaMiddleware[]).map((one) => watched(one, run));
  const middlewares = [beginningOf(held, settings, whenBegun), ...own, endOf(held, settings, false)];
  const callback = shellOf(app, middlewares, note).callback();
  const hasSomethingToAsk = () => chain.some(canBeAsked);
  return refuseEmpty(hasSomethingToAsk, (exchange, derived) => {
    const one: Held = { exchange, derived, context: undefined };
    held.set(exchange.request, one);
    // Koa answers every rejection. The deadline is for a promise that never settles.
    Promise.resolve(callback(exchange.request, exchange.response)).then(
      () => exchange.complete(),
      // An error listener has thrown, so Koa does not send its answer.
      (error) => exchange.failUnanswered(error),
    );
    // A chain that has passed has run its first middleware, which sets the context.
    return () => foundIn(one.context as KoaContext);
  });
}

/** Makes the middleware at the beginning of the chain, which prepares the context. */
function beginningOf(
  held: HeldByRequest,
  settings: RunnerSettings,
  whenBegun: (context: KoaContext) => void,
): KoaMiddleware {
  return (context, next) => {
    const one = held.get(context.req) as Held;
    one.context = context;
    whenBegun(context);
    if (one.derived.isIdle) keepSessionEnd(context);
    // Koa writes no body for a HEAD. Recording it keeps the reason of a refusal.
    if (context.req.method === "HEAD") one.exchange.recording.unwritten = () => context.body;
    prepare(context, one.derived, settings.usesScope);
    watchRouters(context, one.exchange, settings.stopAt);
    return next().catch((error: unknown) => {
      // Koa, or the application's own error handler, answers with this error.
      one.exchange.doubt();
      throw error;
    });
  };
}

/**
 * Keeps koa-session from writing an unmodified session anew, because no activity of the user is behind the request. Its
 * options are a copy for each request.
 */
function keepSessionEnd(context: KoaContext): void {
  const { sessionOptions } = context;
  if (typeof sessionOptions === "object") Object.assign(sessionOptions, { rolling: false, renew: false });
}

/** Makes the middleware at the end of the chain. It also replaces each function of `stopAt`. */
function endOf(held: HeldByRequest, settings: RunnerSettings, isStop: boolean): KoaMiddleware {
  const { stopAt, deniesUnmatched } = settings;
  const hasStops = stopAt !== undefined && stopAt.size > 0;
  return (context) => {
    const exchange = held.get(context.req)?.exchange;
    const { isUnmatched, isMatched } = routedIn(context);
    if (deniesUnmatched && isUnmatched) exchange?.skip("unmatched", true);
    else if (hasStops && !isStop && (isMatched || !isUnmatched)) exchange?.skip("unreached", true);
    else {
      // The status of a successful handler, for middlewares that read it on the way back.
      context.status = 204;
      exchange?.pass(true);
    }
  };
}

/** Makes an application that inherits everything but its middlewares. The original is not changed. */
function shellOf(
  app: KoaApplication,
  middleware: readonly unknown[],
  note: (error: unknown, context: KoaContext | undefined) => void,
): KoaApplication {
  const emitter = app as unknown as { emit(...input: unknown[]): boolean; listenerCount(event: string): number };
  const emit = (event: string, ...input: unknown[]) => {
    if (event === "error") note(input[0], input[1] as KoaContext | undefined);
    // Without a listener the emitter would throw.
    return (event === "error" && emitter.listenerCount("error") === 0) || emitter.emit(event, ...input);
  };
  return Object.create(app, {
    middleware: { value: middleware },
    emit: { value: emit },
    // Koa adds a listener that prints, if there is none.
    listenerCount: { value: () => 1 },
  });
}

function prepare(context: KoaContext, { body, params, scope, unfitQuery }: Derived, usesScope: boolean): void {
  // Koa keeps one object as long as the query stays the same.
  const { query } = context.request as { query: Record<string, unknown> };
  for (const name of unfitQuery) refuseParam(query, name);
  Object.assign(context.request, { body });
  context.params = params;
  if (!usesScope) return;
  const { user, session } = identityOf(scope);
  if (user !== undefined) {
    context.state.user = user;
    context.req.user = user;
  }
  if (session !== undefined && !("session" in context)) context.session = session;
}

function foundIn(context: KoaContext) {
  const { user = context.req.user, ...locals } = context.state;
  const { body } = context.request as { body?: unknown };
  return { user, session: context.session, locals, params: { ...context.params }, body };
}
