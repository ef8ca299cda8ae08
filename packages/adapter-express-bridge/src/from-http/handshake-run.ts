import type { IncomingMessage } from "node:http";
import {
  type Decision,
  type DeniedOptions,
  fault,
  type HandshakeFacts,
  PermissionDenied,
  PermissionMisuse,
} from "@portcullis/core";
import { derive } from "../exchange/derive-request.js";
import type { ExchangeLimits } from "../exchange/exchange.js";
import type { DerivationSettings } from "../exchange/http-context.js";
import type { Derived } from "../exchange/make-request.js";
import { answerOf } from "../exchange/read-outcome.js";
import { type Ended, type Runner, runToEnd } from "../runners/runner.js";
import { passHeaders } from "./http-rule.js";

/** The options of `useExpress` and `useKoa`. */
export const HANDSHAKE_KEYS = ["app", "headers", "hydrate", "timeout", "unmatched", "stopAt", "onError"];

/** The argument of `authenticate`: the request of the handshake, or a socket that has it under `request`. */
export type HandshakeSource = IncomingMessage | { readonly request: IncomingMessage };

/** The parts of an `authenticate` function that runs middlewares. */
export interface HandshakeSetup {
  /** The function to name in error messages. */
  readonly caller: string;
  readonly settings: DerivationSettings & ExchangeLimits;
  readonly run: Runner;
  readonly headers: ((from: HandshakeSource) => Readonly<Record<string, string | undefined>>) | undefined;
}

/** Makes a function that runs middlewares on the request of a handshake, and throws where they refuse. */
export function handshakeRun({ caller, settings, run, headers }: HandshakeSetup) {
  return async (from: HandshakeSource, asked: Partial<HandshakeFacts>): Promise<Ended> => {
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
    const derived = derivedBy(() => derive(caller, own, context as never));
    const ended = await runToEnd(derived, settings, run, asked);
    const { exchange, ending, found } = ended;
    if (ending.how !== "aborted") passHeaders(exchange, derived);
    refuse(answerOf(ending, exchange, found));
    return ended;
  };
}

const OF_FETCH =
  "got a request of fetch, and its middlewares need one of Node: on crossws over Node call it with request.runtime.node.req, and with the second argument of `authenticate`";

/**
 * The request of the handshake. A socket.io application may have dropped it. Then the calling guard has it.
 *
 * @throws {PermissionMisuse} When the request is gone and no guard calls, or is one of fetch, whose headers no middleware
 *   finds. A missing request must not make a user anonymous.
 */
function readHandshake(caller: string, from: HandshakeSource, asked: Partial<HandshakeFacts>): IncomingMessage {
  const known = "request" in from ? from.request : from;
  const request = known ?? asked.request;
  if (typeof Object(request).headers?.get === "function") throw new PermissionMisuse(`${caller} ${OF_FETCH}`);
  if (request) return request as IncomingMessage;
  throw new PermissionMisuse(`${caller}: the request of this socket is gone: let a guard ask, as its \`authenticate\``);
}

/** A request that cannot be made of what was sent is a fault, as in a rule. */
function derivedBy(make: () => Derived): Derived {
  try {
    return make();
  } catch (error) {
    if (PermissionDenied.isInstance(error))
      refuse(fault(error.code as string, { status: error.status as number, reason: error.message }));
    throw error;
  }
}

/**
 * Refuses as the middlewares did, by the answer that a rule of them has. INVARIANT: a fault stays one. The guard then asks
 * again, and closes no connection for it. Only where `not` matters, a rule holds back a denial: a 401 or 403 that was
 * thrown, or a redirect, is a denial here.
 *
 * @throws {PermissionDenied} Its cause is the fault, or what was thrown for a denial. A status of 500 throws what the
 *   middlewares have thrown.
 */
function refuse(answer: Decision): void {
  const { outcome, code, status, reason, retryAfter, headers, error } = answer;
  if (outcome === "allow") return;
  if (status === 500) throw error;
  const cause = isAboutClient(status, error) ? error : answer;
  throw new PermissionDenied(code, { status, reason, retryAfter, headers, cause } as DeniedOptions);
}

/**
 * True when middlewares refuse the client, by a denial or by a fault. The error of an HTTP client is about another
 * server.
 */
function isAboutClient(status: number, error: unknown): boolean {
  if (status !== 401 && status !== 403) return false;
  return !PermissionMisuse.isInstance(error) && (error as { response?: unknown } | undefined)?.response === undefined;
}
