import type { IncomingMessage } from "node:http";
import {
  type Answer,
  type Decision,
  type DeniedOptions,
  type HandshakeFacts,
  PermissionDenied,
  PermissionMisuse,
} from "@portcullis/core";
import { checkKeys, misuse } from "@portcullis/core/internal";
import { derive } from "../exchange/derive-request.js";
import { answerOf } from "../exchange/read-outcome.js";
import { type ExpressApplication, expressRun, readApp } from "../runners/express.js";
import { checkStops } from "../runners/express-routes.js";
import type { Handler } from "../runners/handler.js";
import { runToEnd } from "../runners/runner.js";
import { passHeaders } from "./http-rule.js";
import { type DeclaredUser, flatten, type Middlewares } from "./middlewares.js";
import { type HttpRuleOptions, readSettings } from "./options.js";

/** The argument of `authenticate`: the request of the handshake, or a socket that has it under `request`. */
export type HandshakeSource = IncomingMessage | { readonly request: IncomingMessage };

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
   * it is `unknown`. `sid` is `request.sessionID`, the id of the session, or `undefined` without one. `identify` of the
   * guard can name it as a subject, so that a logout closes the connections of the session. For `identify`, give the
   * function of `useExpress` a name first: TypeScript does not infer the scope from a call beside it.
   */
  hydrate?: (request: Identified) => Extra;
}

const KEYS = ["app", "headers", "hydrate", "timeout", "unmatched", "stopAt", "onError"];

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
  checkKeys(caller, options, KEYS);
  const { app, headers, hydrate = findUser as never, ...common } = options;
  if (typeof hydrate !== "function") throw misuse(caller, hydrate, "give a function", "`hydrate`");
  const known = readSettings(caller, { ...common, headers: headers as never }, []);
  checkStops(caller, chain, known.stopAt);
  const settings = { ...known, app: readApp(caller, app, chain) };
  const run = expressRun(chain, settings.app, settings);
  return async (from, asked = {}) => {
    const request = readHandshake(caller, from, asked);
    const own = headers ? { ...settings, headers: () => headers(from) } : settings;
    const scope = {
      request,
      /** Read on demand, because the first read copies the headers. */
      get headers() {
        return asked.headers;
      },
    };
    const { previous, isIdle } = asked;
    const again = { isOpen: previous !== undefined, isIdle: isIdle === true };
    const context = { phase: "connect", scope, consumer: undefined, action: "connect", payload: {}, ...again } as const;
    const derived = derive(caller, own, context as never);
    const { exchange, ending, found } = await runToEnd(derived, settings, run, asked);
    if (ending.how !== "aborted") passHeaders(exchange, derived);
    refuse(answerOf(ending, exchange, found));
    return hydrate(exchange.request as Identified) as Hydrated<Extra, A>;
  };
}

/**
 * The request of the handshake. A socket.io application may have dropped it. Then the calling guard has it.
 *
 * @throws {PermissionMisuse} When the request is gone and no guard calls. A missing request must not make a user
 *   anonymous.
 */
function readHandshake(caller: string, from: HandshakeSource, asked: Partial<HandshakeFacts>): IncomingMessage {
  const known = "request" in from ? from.request : from;
  const request = known ?? asked.request;
  if (request) return request as IncomingMessage;
  throw new PermissionMisuse(`${caller}: the request of this socket is gone: let a guard ask, as its \`authenticate\``);
}

function findUser({ user, auth, sessionID }: Identified): { user: unknown; sid: string | undefined } {
  return { user: user ?? auth ?? null, sid: typeof sessionID === "string" ? sessionID : undefined };
}

/** @throws The error by which `authenticate` refuses as the middlewares did. */
function refuse(answer: Answer): void {
  const { outcome, code, status, reason, retryAfter, headers, error } = answer as Decision;
  if (outcome === "allow") return;
  // Status 500 is a fault, not a refusal. Its cause belongs into the logs.
  if (status === 500) throw error;
  const denied = new PermissionDenied(code, { status, reason, retryAfter, headers } as DeniedOptions);
  // The cause is for `onDecision`, and for the logs if a developer must correct the code.
  throw error === undefined ? denied : Object.assign(denied, { cause: error });
}
