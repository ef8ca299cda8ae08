import { type ServerResponse, STATUS_CODES } from "node:http";
import { type Answer, allow, deny, fault, PermissionMisuse } from "@portcullis/core";
import { isHeader, REPEATABLE } from "@portcullis/core/internal";
import type { Ending, Skip } from "./ending.js";
import type { Exchange } from "./exchange.js";
import { joined, messageIn, secondsOf, textAt } from "./read-response.js";

/** What middlewares have found, as handlers get it. What they did not set is not there. */
export interface HttpEvidence {
  /** `request.user` (of Koa: `ctx.state.user`). */
  readonly user?: unknown;
  /** `request.auth`, as of express-jwt. */
  readonly auth?: unknown;
  readonly session?: unknown;
  /** `response.locals` (of Koa: `ctx.state`). */
  readonly locals?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
  /** The body, where the middlewares have changed it. The handler's payload stays what the client sent. */
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
/** What is no verdict, and what to write instead: for the logs. */
const INSTEAD: Record<Skip, string> = {
  unmatched:
    'in a router no route was there for the request: give { url } and { methods } as its routes have them, or { unmatched: "allow" } where over HTTP it falls through',
  left: 'a middleware has called next("route") or next("router"): call next() to allow, and answer 401 or 403 to refuse',
  unreached:
    "no function of `stopAt` was reached: name the one that the route of the action has, and answer 401 or 403 to refuse",
  method:
    "a middleware has changed the method of the request, by which the route of the action is not reached: leave it out, and give { methods }",
};
/** For these there are sentences already. */
const WITH_REASON = new Set([401, 403, 429]);

/** A refusal of middlewares, over HTTP. */
interface HttpRefusal {
  readonly status: number;
  readonly message: string | undefined;
  readonly location: string | undefined;
  readonly challenge: string | undefined;
  readonly retryAfter: number | undefined;
  /** The error that was thrown, where no response tells it. */
  readonly error?: unknown;
}

/**
 * Reads what middlewares have done as the answer of a rule.
 *
 * @param found What they have found, read only where they allow.
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
  // Several such rules may be asked about one message.
  return Object.assign(evidence, { [REPEATABLE]: EVIDENCE });
}

/**
 * A refusal as an answer. INVARIANT: a denial, which `not` negates, is nothing but a 401 or a 403 of the middlewares'
 * own; all else says that something else was wrong than who asks.
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
    // Never its own text: that is for the logs.
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

/** An error that is told beside an answer counts for less than the answer, where that refuses. */
function refusalOfFailure(error: unknown, exchange: Exchange, isAnswered = false): HttpRefusal {
  const { statusCode } = exchange.response;
  const isRefused = isAnswered && statusCode >= 400;
  if (!isRefused) return refusalOfError(error, exchange.response);
  // 404 is where Koa begins: beside an error that refuses nothing nobody has said it.
  const own = statusOfError(error, 500);
  const status = statusCode === 404 && own >= 500 ? own : statusCode;
  return { ...refusalOfResponse(exchange), status, error };
}

/** What a server's last resort makes of an error. */
function refusalOfError(error: unknown, response: ServerResponse): HttpRefusal {
  const status = statusOfError(error, response.statusCode);
  const input = (isObject(error) ? error : {}) as { headers?: unknown; expose?: unknown; message?: unknown };
  const own = new Map<string, unknown>();
  if (isObject(input.headers)) {
    for (const [name, value] of Object.entries(input.headers)) own.set(name.toLowerCase(), value);
  }
  return {
    status,
    // Any other message may be about what is inside: Express in production says the status text instead.
    message: input.expose === true ? textAt(input.message) : STATUS_CODES[status],
    ...refusalHeadersIn((name) => own.get(name) ?? response.getHeader(name)),
    error,
  };
}

/**
 * The status that an error stands for, as Express reads it.
 *
 * @param statusCode The status of the response; it counts where the error has none.
 */
export function statusOfError(error: unknown, statusCode: number): number {
  const isError = (value: unknown): value is number =>
    Number.isInteger(value) && (value as number) >= 400 && (value as number) < 600;
  try {
    const { status, statusCode: other } = (isObject(error) ? error : {}) as { status?: unknown; statusCode?: unknown };
    return [status, other, statusCode].find(isError) ?? 500;
  } catch {
    // It may be anything, and reading it may throw.
    return 500;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
