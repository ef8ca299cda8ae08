import type { IncomingMessage } from "node:http";
import {
  type Answer,
  type Decision,
  type DeniedOptions,
  type HandshakeFacts,
  PermissionDenied,
  PermissionMisuse,
} from "@portcullis/core";
import { derive } from "../exchange/derive-request.js";
import type { ExchangeLimits } from "../exchange/exchange.js";
import type { DerivationSettings } from "../exchange/http-context.js";
import { answerOf } from "../exchange/read-outcome.js";
import { type Ended, type Runner, runToEnd } from "../runners/runner.js";
import { passHeaders } from "./http-rule.js";

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
    const derived = derive(caller, own, context as never);
    const ended = await runToEnd(derived, settings, run, asked);
    const { exchange, ending, found } = ended;
    if (ending.how !== "aborted") passHeaders(exchange, derived);
    refuse(answerOf(ending, exchange, found));
    return ended;
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
