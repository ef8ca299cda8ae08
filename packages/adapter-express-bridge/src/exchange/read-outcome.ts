import { type ServerResponse, STATUS_CODES } from "node:http";
import { type Answer, allow, deny, fault, PermissionMisuse } from "@portcullis/core";
import { isHeader, REPEATABLE } from "@portcullis/core/internal";
import type { Ending, Skip } from "./ending.js";
import type { Exchange } from "./exchange.js";
import { joined, messageIn, secondsOf, textAt } from "./read-response.js";

/** Data that middlewares have set, as handlers get it. A property that they did not set is missing. */
export interface HttpEvidence {
  /** `request.user` (Koa: `ctx.state.user`). */
  readonly user?: unknown;
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
    'in a router no route was there for the request: give { url } and { methods } as its routes have them, or { unmatched: "allow" } where over HTTP it falls through',
  left: 'a middleware has called next("route") or next("router"): call next() to allow, and answer 401 or 403 to refuse',
  unreached:
    "no function of `stopAt` was reached: name the one that the route of the action has, and answer 401 or 403 to refuse",
  method:
    "a middleware has changed the method of the request, by which the route of the action is not reached: leave it out, and give { methods }",
};
/** Statuses that have a default reason already. */
const WITH_REASON = new Set([401, 403, 429]);

/** A refusal as middlewares gave it over HTTP. */
interface HttpRefusal {
  readonly status: number;
  readonly message: string | undefined;
  readonly location: string | undefined;
  readonly challenge: string | undefined;
  readonly retryAfter: number | undefined;
  /** The thrown error, if no response represents it. */
  readonly error?: unknown;
}

/**
 * Translates the ending of middlewares into the answer of a rule.
 *
 * @param found Reads the data that the middlewares have set. Called only when they allow.
 */
export function answerOf(ending: Ending, exchange: Exchange, found: () => HttpEvidence): Answer {
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
      return fault("permission_timeout");
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
function answerOfRefusal(refusal: HttpRefusal, isOwn = false): Answer {
  const { status, message, location, retryAfter, error } = refusal;
  const cause = error === undefined ? {} : { error };
  const again = retryAfter === undefined ? {} : { retryAfter };
  const headers = headersOf(refusal);
  if (status === 429) return fault("rate_limited", { ...reasonOf(status, message), ...again, ...cause, status });
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
  return isOwn && (status === 401 || status === 403) ? deny(code, parts) : fault(code, { ...parts, ...cause });
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

function refusalOfResponse({ response, recording }: Exchange): HttpRefusal {
  const { statusCode: status } = response;
  const type = joined(response.getHeader("content-type"));
  const isEncoded = response.getHeader("content-encoding") !== undefined;
  return {
    status,
    message: isEncoded ? undefined : messageIn(recording.text, type),
    ...refusalHeadersIn((name) => response.getHeader(name)),
  };
}

function refusalHeadersIn(header: (name: string) => unknown) {
  const valid = (name: string) => {
    const value = joined(header(name));
    return isHeader(name, value) ? value : undefined;
  };
  return {
    location: valid("location"),
    challenge: valid("www-authenticate"),
    retryAfter: secondsOf(header("retry-after")),
  };
}

/** The refusal of an error. If the middlewares also sent a refusing response, that response takes precedence. */
function refusalOfFailure(error: unknown, exchange: Exchange, isAnswered = false): HttpRefusal {
  const { statusCode } = exchange.response;
  const isRefused = isAnswered && statusCode >= 400;
  if (!isRefused) return refusalOfError(error, exchange.response);
  // 404 is the initial status of Koa. Beside an error without a 4xx status no middleware has set it, so the error
  // counts.
  const own = statusOfError(error, 500);
  const status = statusCode === 404 && own >= 500 ? own : statusCode;
  return { ...refusalOfResponse(exchange), status, error };
}

/** The refusal that a default error handler makes of an error. */
function refusalOfError(error: unknown, response: ServerResponse): HttpRefusal {
  const status = statusOfError(error, response.statusCode);
  const input = (isObject(error) ? error : {}) as { headers?: unknown; expose?: unknown; message?: unknown };
  const own = new Map<string, unknown>();
  if (isObject(input.headers)) {
    for (const [name, value] of Object.entries(input.headers)) own.set(name.toLowerCase(), value);
  }
  return {
    status,
    // Any other message may contain internals. In production Express sends the status text instead.
    message: input.expose === true ? textAt(input.message) : STATUS_CODES[status],
    ...refusalHeadersIn((name) => own.get(name) ?? response.getHeader(name)),
    error,
  };
}

/**
 * The status of an error, as Express reads it.
 *
 * @param statusCode The status of the response, used when the error has none.
 */
export function statusOfError(error: unknown, statusCode: number): number {
  const isError = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= 400 && (value as number) < 600;
  try {
    const { status, statusCode: other } = (isObject(error) ? error : {}) as { status?: unknown; statusCode?: unknown };
    return [status, other, statusCode].find(isError) ?? 500;
  } catch {
    // The error may be any value, and reading it may throw.
    return 500;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
