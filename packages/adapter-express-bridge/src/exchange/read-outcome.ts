import { STATUS_CODES } from "node:http";
import { allow, type Decision, deny, fault, PermissionMisuse } from "@portcullis/core";
import { REPEATABLE } from "@portcullis/core/internal";
import type { Ending, Skip } from "./ending.js";
import type { Exchange } from "./exchange.js";
import { type HttpRefusal, refusalOfFailure, refusalOfResponse } from "./http-refusal.js";

/**
 * Data that middlewares have set, as handlers get it. A property that they did not set is missing. `User` is the type of
 * the user.
 */
export interface HttpEvidence<User = unknown> {
  /** `request.user` (Koa: `ctx.state.user`). */
  readonly user?: User;
  /** `request.auth`, as express-jwt sets it. */
  readonly auth?: unknown;
  readonly session?: unknown;
  /** `response.locals` (Koa: `ctx.state`). */
  readonly locals?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
  /**
   * The body, if the middlewares changed it. Without `handOn` the payload of the handler stays as the client sent it.
   */
  readonly body?: unknown;
}

const EVIDENCE = ["user", "auth", "session", "locals", "params", "body"] as const;
const CODES = new Map([
  [400, "invalid_input"],
  [401, "not_authenticated"],
  [404, "not_found"],
  [413, "payload_too_large"],
  [422, "invalid_input"],
]);
/** Log messages for endings without a verdict, each with the correction. */
const INSTEAD: Record<Skip, string> = {
  unmatched:
    'in a router no route was there for the request, or none of its functions ran: give { url } and { methods } as its routes have them, or { unmatched: "allow" } where over HTTP it falls through',
  left: 'a middleware has called next("route") or next("router"): call next() to allow, and answer 401 or 403 to refuse',
  unreached:
    "no function of `stopAt` was reached: name the one that the route of the action has, and answer 401 or 403 to refuse",
  method:
    "a middleware has changed the method of the request, by which the route of the action is not reached: leave it out, and give { methods }",
};
/** Statuses that have a default reason already. */
const WITH_REASON = new Set([401, 403, 429]);

/**
 * Translates the ending of middlewares into the answer of a rule.
 *
 * @param found Reads the data that the middlewares have set. Called only when they allow.
 */
export function answerOf(ending: Ending, exchange: Exchange, found: () => HttpEvidence): Decision {
  switch (ending.how) {
    case "passed":
      return allow(evidenceOf(found()));
    case "answered":
      return answerOfRefusal(refusalOfResponse(exchange), ending.isOwn);
    case "failed":
      return answerOfRefusal(refusalOfFailure(ending.error, exchange, ending.isAnswered));
    case "skipped":
      return fault("permission_denied", {
        status: 403,
        reason: "No route is there for this.",
        error: new PermissionMisuse(INSTEAD[ending.why]),
      });
    case "late":
      return fault("permission_timeout", ending.cause && { error: ending.cause });
    case "aborted":
      return fault("aborted", { status: 499 });
    case "destroyed":
      return fault("permission_error", { error: new Error("a middleware has destroyed the request") });
  }
}

function evidenceOf(found: HttpEvidence): Record<string, unknown> {
  const evidence: Record<string, unknown> = {};
  for (const key of EVIDENCE) {
    const value = found[key];
    const isEmpty = (key === "locals" || key === "params") && Object.keys((value ?? {}) as object).length === 0;
    if (value !== undefined && !isEmpty) evidence[key] = value;
  }
  // Several HTTP rules may set the same evidence for one message.
  return Object.assign(evidence, { [REPEATABLE]: EVIDENCE });
}

/**
 * Translates a refusal into an answer. INVARIANT: only a 401 or a 403 of the middlewares' own is a denial, which `not`
 * negates. Every other refusal is a fault, because it has another reason than the identity of the client.
 */
function answerOfRefusal(refusal: HttpRefusal, isOwn = false): Decision {
  const { status, message, location, retryAfter, error } = refusal;
  const again = retryAfter === undefined ? {} : { retryAfter };
  const headers = headersOf(refusal);
  if (status === 429) return fault("rate_limited", { ...reasonOf(status, message), ...again, error, status });
  if (status >= 500 || status < 200) {
    const valid = status >= 500 && status <= 599 ? status : 500;
    const fallback = error ?? new Error(`a middleware has answered ${status}`);
    // Its own text may contain internals, so the client gets the status text.
    return fault("permission_error", { status: valid, ...reasonOf(valid, undefined), ...again, error: fallback });
  }
  if (status >= 300 && status < 400 && location !== undefined)
    return fault("not_authenticated", { status: 401, ...headers });
  if (status < 400) return fault("permission_denied", { status: 403, ...headers, error: answered(status) });
  const code = CODES.get(status) ?? "permission_denied";
  const parts = { status, ...reasonOf(status, message), ...again, ...headers };
  return isOwn && (status === 401 || status === 403) ? deny(code, parts) : fault(code, { ...parts, error });
}

function headersOf({ challenge, location }: HttpRefusal): { headers?: Record<string, string> } {
  const headers = {
    ...(challenge !== undefined && { "www-authenticate": challenge }),
    ...(location !== undefined && { location }),
  };
  return Object.keys(headers).length > 0 ? { headers } : {};
}

function answered(status: number): PermissionMisuse {
  return new PermissionMisuse(
    `a middleware has answered ${status} and has not left it to the end of the chain: call next() to allow, and answer 401 or 403 to refuse`,
  );
}

function reasonOf(status: number, message: string | undefined): { reason?: string } {
  if (message !== undefined) return { reason: message };
  return WITH_REASON.has(status) ? {} : { reason: STATUS_CODES[status] ?? "Refused" };
}
