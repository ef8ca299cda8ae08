import { type ServerResponse, STATUS_CODES } from "node:http";
import { isHeader } from "@portcullis/core/internal";
import type { Exchange } from "./exchange.js";
import { joined, messageIn, secondsOf, textAt } from "./read-response.js";

/** A refusal as middlewares gave it over HTTP. */
export interface HttpRefusal {
  readonly status: number;
  readonly message: string | undefined;
  readonly location: string | undefined;
  readonly challenge: string | undefined;
  readonly retryAfter: number | undefined;
  /** The thrown error, if no response represents it. */
  readonly error?: unknown;
}

/** The refusal that a response represents. */
export function refusalOfResponse({ response, recording }: Exchange): HttpRefusal {
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
export function refusalOfFailure(error: unknown, exchange: Exchange, isAnswered = false): HttpRefusal {
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
