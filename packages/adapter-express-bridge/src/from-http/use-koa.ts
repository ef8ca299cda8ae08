import type { HandshakeFacts } from "@portcullis/core";
import { checkKeys, misuse } from "@portcullis/core/internal";
import type { Exchange } from "../exchange/exchange.js";
import { type KoaApplication, koaRun, readKoa } from "../runners/koa.js";
import type { KoaContext } from "../runners/koa-context.js";
import { checkKoaStops } from "../runners/koa-routes.js";
import { type ContextOf, type KoaMiddlewares, koaChain } from "./from-koa.js";
import { HANDSHAKE_KEYS, type HandshakeSource, handshakeRun } from "./handshake-run.js";
import { type HttpRuleOptions, readSettings } from "./options.js";
import { lastingId } from "./session-id.js";

/** What `hydrate` returns, or the user and the id of the session when there is none. */
type Hydrated<Extra> = [Extra] extends [never] ? { user: unknown; sid: string | undefined } : Extra;

/** Options of {@link useKoa}. */
export interface UseKoaOptions<Extra, From extends HandshakeSource = HandshakeSource, A = KoaApplication>
  extends Pick<HttpRuleOptions, "timeout" | "unmatched" | "stopAt" | "onError"> {
  /** The Koa application (2 or 3) whose settings apply: keys, trusted proxies, extensions of its context. */
  app: A;
  /** Headers added to those of the handshake. The function gets the argument of `authenticate`. */
  headers?: (from: From) => Readonly<Record<string, string | undefined>>;
  /**
   * Returns the properties to add to the scope. Default: `{ user, sid }`. The user is `ctx.state.user`, or that of the
   * request, as passport sets it. `sid` is the id of a stored session of koa-session (`ctx.session.externalKey`), or
   * `undefined` for one that is new and empty, or is kept in its cookie. `identify` of the guard can name it as a
   * subject, so that a logout closes the connections of the session.
   */
  hydrate?: (context: ContextOf<A>) => Extra;
}

/**
 * Makes an `authenticate` function of Koa middlewares that identify the user, such as koa-session and
 * `passport.session()`. Otherwise as `useExpress`.
 *
 * @param middlewares A middleware, a router of `@koa/router`, or a list of them.
 * @param options `app`, `headers`, `hydrate`, `timeout` (milliseconds), `unmatched`, `stopAt`, `onError`.
 * @returns A function for the option `authenticate` of `guard` and `serve`. It refuses where the middlewares refuse.
 * @throws {PermissionMisuse} When there is no middleware, a middleware is not a function, or an option is invalid.
 * @example
 * ```ts
 * import { useKoa } from "@portcullis/adapter-express-bridge/koa";
 * import { guard } from "@portcullis/adapter-ws";
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import Koa, { type Middleware } from "koa";
 * import { WebSocketServer } from "ws";
 *
 * const app = new Koa();
 * const readKey: Middleware = (ctx, next) => {
 *   if (ctx.get("x-api-key") === "secret") ctx.state.user = { id: 1 };
 *   return next();
 * };
 * const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: IsAuthenticated } });
 * guard(new WebSocketServer({ noServer: true }), policy, { authenticate: useKoa(readKey, { app }) });
 * ```
 */
export function useKoa<
  Extra = never,
  From extends HandshakeSource = HandshakeSource,
  A extends KoaApplication = KoaApplication,
>(
  middlewares: KoaMiddlewares<A>,
  options: UseKoaOptions<Extra, From, A>,
): (from: From, asked?: Partial<HandshakeFacts>) => Promise<Hydrated<Extra>> {
  const caller = "useKoa()";
  const chain = koaChain(caller, middlewares);
  checkKeys(caller, options, HANDSHAKE_KEYS);
  const { app, headers, hydrate, ...common } = options;
  if (hydrate !== undefined && typeof hydrate !== "function")
    throw misuse(caller, hydrate, "give a function", "`hydrate`");
  const settings = readSettings(caller, { ...common, headers: headers as never });
  checkKoaStops(caller, chain, settings.stopAt);
  const contexts = new WeakMap<object, KoaContext>();
  const run = koaRun(chain, readKoa(caller, app), settings, (context) => contexts.set(context.req, context));
  const ask = handshakeRun({ caller, settings, run, headers: headers as never });
  return async (from, asked = {}) => {
    const { exchange } = await ask(from, asked);
    const context = contexts.get(exchange.request) as KoaContext;
    return (hydrate ? hydrate(context as never) : findUser(context, exchange)) as Hydrated<Extra>;
  };
}

function findUser({ state, req, session }: KoaContext, exchange: Exchange): { user: unknown; sid: string | undefined } {
  const { externalKey } = Object(session) as { externalKey?: unknown };
  // koa-session writes a new session that has content, also for an open connection.
  return { user: state.user ?? req.user ?? null, sid: lastingId(externalKey, exchange, true) };
}
