import type { IncomingMessage, ServerResponse } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/adapter";
import { type Derived, refuseParam } from "../exchange/derive-request.js";
import type { Exchange } from "../exchange/exchange.js";
import type { Run } from "../from-http/http-rule.js";
import type { RuleSettings } from "../from-http/options.js";
import { copyOfPlain } from "./copy-plain.js";
import type { KoaContext, KoaMiddleware, KoaNext } from "./koa-context.js";
import { canBeAsked, routedIn, stopping, watchRouters } from "./koa-routes.js";
import { emptyMisuse } from "./stop-at.js";

/** What is used of an application of Koa, 2 or 3. */
export interface KoaApplication {
  readonly context: object;
  readonly middleware: readonly unknown[];
  callback(): (request: IncomingMessage, response: ServerResponse) => unknown;
}

/** One evaluation on its way. */
interface Held {
  readonly exchange: Exchange;
  readonly derived: Derived;
  context: KoaContext | undefined;
}

/** @throws {PermissionMisuse} When it is no application of Koa. */
export function readKoa(place: string, app: unknown): KoaApplication {
  const { context, middleware, callback } = (app ?? {}) as Partial<KoaApplication>;
  if (typeof context === "object" && Array.isArray(middleware) && typeof callback === "function") {
    return app as KoaApplication;
  }
  throw new PermissionMisuse(
    `${place} got ${show(app)} as \`app\`: give the Koa application whose settings count, as in { app: new Koa() }`,
  );
}

/** Runs a chain of Koa middlewares in a shell of the application: its context and settings, and no middleware of its own. */
export function koaRun(
  chain: readonly ((...given: never[]) => unknown)[],
  app: KoaApplication,
  settings: Pick<RuleSettings, "usesScope" | "deniesUnmatched" | "stopAt">,
): Run {
  // INVARIANT: known by the request alone, so that no evaluation passes by the end of another's chain.
  const held = new WeakMap<IncomingMessage, Held>();
  const begin = (context: KoaContext, next: KoaNext) => {
    const one = held.get(context.req) as Held;
    one.context = context;
    // Koa writes no body for a HEAD, whose refusal says no less.
    if (context.req.method === "HEAD") one.exchange.recording.unwritten = () => context.body;
    prepare(context, one.derived, settings.usesScope);
    watchRouters(context, settings.stopAt);
    return next().catch((error: unknown) => {
      // Whoever answers it repeats it: Koa itself, or what the application has put in its place.
      one.exchange.doubt();
      throw error;
    });
  };
  const hasStops = settings.stopAt !== undefined && settings.stopAt.size > 0;
  /** Stands at the end of the chain, and in place of each function that is not to be run. */
  const sentinel = (isStop: boolean) => (context: KoaContext) => {
    const exchange = held.get(context.req)?.exchange;
    const { isUnmatched, isMatched } = routedIn(context);
    if (settings.deniesUnmatched && isUnmatched) exchange?.skip("unmatched", true);
    else if (hasStops && !isStop && (isMatched || !isUnmatched)) exchange?.skip("unreached", true);
    else {
      // As a handler that has answered, for middlewares that look at it on the way back.
      context.status = 204;
      exchange?.pass(true);
    }
  };
  const note = (error: unknown, context: KoaContext | undefined) => {
    const one = context && held.get(context.req);
    one?.exchange.note(error);
  };
  const stopped = (chain as readonly KoaMiddleware[]).map((one) => stopping(one, settings.stopAt, sentinel(true)));
  const callback = shellOf(app, [begin, ...stopped, sentinel(false)], note).callback();
  const isEmpty = () => !chain.some(canBeAsked);
  const mayBeEmpty = isEmpty();
  return (exchange, derived) => {
    if (mayBeEmpty && isEmpty()) {
      exchange.fail(emptyMisuse(), 500);
      return () => ({});
    }
    const one: Held = { exchange, derived, context: undefined };
    held.set(exchange.request, one);
    // Koa answers whatever rejects; a promise that never settles is what the deadline is for.
    Promise.resolve(callback(exchange.request, exchange.response)).then(
      () => exchange.complete(),
      // A listener for errors has thrown, and Koa does not come to its answer.
      (error) => exchange.giveUp(error),
    );
    // Who has passed has come through the beginning.
    return () => foundIn(one.context as KoaContext);
  };
}

/** Everything of the application, but that nothing of it is changed. */
function shellOf(
  app: KoaApplication,
  middleware: readonly unknown[],
  note: (error: unknown, context: KoaContext | undefined) => void,
): KoaApplication {
  const emitter = app as unknown as { emit(...given: unknown[]): boolean; listenerCount(event: string): number };
  const emit = (event: string, ...given: unknown[]) => {
    if (event === "error") note(given[0], given[1] as KoaContext | undefined);
    // Without a listener the emitter would throw.
    return (event === "error" && emitter.listenerCount("error") === 0) || emitter.emit(event, ...given);
  };
  return Object.create(app, {
    middleware: { value: middleware },
    emit: { value: emit },
    // Koa adds a listener that prints where there is none.
    listenerCount: { value: () => 1 },
  });
}

function prepare(context: KoaContext, { body, params, scope, unfitQuery }: Derived, usesScope: boolean): void {
  // One object for as long as the query is the same.
  const { query } = context.request as { query: Record<string, unknown> };
  for (const name of unfitQuery) refuseParam(query, name);
  Object.assign(context.request, { body });
  context.params = params;
  if (!usesScope) return;
  const { user: given, session: kept } = scope as { user: unknown; session?: unknown };
  const { user, session } = copyOfPlain({ user: given, session: kept });
  if (user !== null && user !== undefined) {
    context.state.user = user;
    context.req.user = user;
  }
  if (session !== null && session !== undefined && !("session" in context)) context.session = session;
}

function foundIn(context: KoaContext) {
  const { user = context.req.user, ...locals } = context.state;
  const { body } = context.request as { body?: unknown };
  return { user, session: context.session, locals, params: { ...context.params }, body };
}
