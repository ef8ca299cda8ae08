import type { IncomingMessage } from "node:http";
import type { HandshakeFacts } from "@portcullis/core";
import { checkKeys, misuse } from "@portcullis/core/internal";
import type { Exchange } from "../exchange/exchange.js";
import { type ExpressApplication, expressRun, readApp } from "../runners/express.js";
import { checkStops } from "../runners/express-routes.js";
import type { Handler } from "../runners/handler.js";
import { HANDSHAKE_KEYS, type HandshakeSource, handshakeRun } from "./handshake-run.js";
import { type DeclaredUser, flatten, type Middlewares } from "./middlewares.js";
import { type HttpRuleOptions, readSettings } from "./options.js";
import { lastingId } from "./session-id.js";

/** A request after the middlewares have run. */
export type Identified = IncomingMessage & {
  readonly user?: unknown;
  readonly auth?: unknown;
  readonly session?: unknown;
  /** The id of the session, from express-session. */
  readonly sessionID?: unknown;
};

/** The user that the requests of an application are declared to have, or nobody. */
export type UserOf<A> = unknown extends DeclaredUser<A> ? unknown : DeclaredUser<A> | null;

/** What `hydrate` returns, or the user and the id of the session when there is none. */
type Hydrated<Extra, A> = [Extra] extends [never] ? { user: UserOf<A>; sid: string | undefined } : Extra;

/** Options of {@link useExpress}. */
export interface UseExpressOptions<Extra, From extends HandshakeSource = HandshakeSource, A = ExpressApplication | null>
  extends Pick<HttpRuleOptions, "timeout" | "unmatched" | "stopAt" | "onError"> {
  /** The Express application whose settings apply. `null` for plain connect-style middlewares. */
  app?: A;
  /** Headers added to those of the handshake. The function gets the argument of `authenticate`. */
  headers?: (from: From) => Readonly<Record<string, string | undefined>>;
  /**
   * Returns the properties to add to the scope. Default: `{ user, sid }`. The user is `request.user` or else
   * `request.auth`. Its type is that of the `Express.User` that the application declares; without one, or without `app`,
   * it is `unknown`. `sid` is `request.sessionID`, the id of the session, or `undefined` where none is stored. `identify`
   * of the guard can name it as a subject, so that a logout closes the connections of the session. For `identify`, give the
   * function of `useExpress` a name first: TypeScript does not infer the scope from a call beside it.
   */
  hydrate?: (request: Identified) => Extra;
}

/**
 * Makes an `authenticate` function of Express middlewares that identify the user, such as a session,
 * `passport.session()` or a token. Cookies and headers that they set are sent with the response to the handshake, if
 * the transport can send them.
 *
 * @param middlewares A middleware or a list of them.
 * @param options `app`, `headers`, `hydrate`, `timeout` (milliseconds), `unmatched`, `stopAt`, `onError`.
 * @returns A function for the option `authenticate` of `guard` and `serve`. It refuses where the middlewares refuse.
 * @throws {PermissionMisuse} When there is no middleware, a middleware is not a function, or an option is invalid.
 * @example
 * ```ts
 * import { useExpress } from "@portcullis/adapter-express-bridge";
 * import { guard } from "@portcullis/adapter-ws";
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import express, { type RequestHandler } from "express";
 * import { WebSocketServer } from "ws";
 *
 * const app = express();
 * const readKey: RequestHandler = (request, _response, next) => {
 *   if (request.get("x-api-key") === "secret") Object.assign(request, { user: { id: 1 } });
 *   next();
 * };
 * const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: IsAuthenticated } });
 * guard(new WebSocketServer({ noServer: true }), policy, { authenticate: useExpress(readKey, { app }) });
 * ```
 */
export function useExpress<
  Extra = never,
  From extends HandshakeSource = HandshakeSource,
  A extends ExpressApplication | null = ExpressApplication,
>(
  middlewares: Middlewares<A>,
  options: UseExpressOptions<Extra, From, A> = {},
): (from: From, asked?: Partial<HandshakeFacts>) => Promise<Hydrated<Extra, A>> {
  const caller = "useExpress()";
  const chain: Handler[] = flatten(caller, middlewares);
  checkKeys(caller, options, HANDSHAKE_KEYS);
  const { app, headers, hydrate, ...common } = options;
  if (hydrate !== undefined && typeof hydrate !== "function")
    throw misuse(caller, hydrate, "give a function", "`hydrate`");
  const known = readSettings(caller, { ...common, headers: headers as never });
  checkStops(caller, chain, known.stopAt);
  const settings = { ...known, app: readApp(caller, app, chain) };
  const run = expressRun(chain, settings.app, settings);
  const ask = handshakeRun({ caller, settings, run, headers: headers as never });
  return async (from, asked = {}) => {
    const { exchange } = await ask(from, asked);
    const found = hydrate ? hydrate(exchange.request) : findUser(exchange, asked.previous === undefined);
    return found as Hydrated<Extra, A>;
  };
}

/** @param isHandshake True when new sessions of express-session are stored. */
function findUser(exchange: Exchange, isHandshake: boolean): { user: unknown; sid: string | undefined } {
  const { user, auth, session, sessionID, sessionStore } = exchange.request as Identified & { sessionStore?: unknown };
  const found = user ?? auth ?? null;
  // Without a store, the id is that of a middleware of the application.
  if (!sessionStore) return { user: found, sid: typeof sessionID === "string" ? sessionID : undefined };
  return { user: found, sid: session ? lastingId(sessionID, exchange, isHandshake) : undefined };
}
