import { STATUS_CODES } from "node:http";
import type { Decision } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";
import { isHeader } from "@portcullis/core/internal";

/** A refusal as an HTTP response: problem details (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers of the response itself, which a decision must not set. */
const OWN_HEADERS = /^(connection|content-.*|transfer-encoding|upgrade|set-cookie)$/i;

/**
 * Makes the HTTP response of a refusal, with its public fields only.
 *
 * @param challenge The `WWW-Authenticate` of a 401 without one of its own.
 */
export function problemOf(decision: Decision, challenge: string): Problem {
  const { code, status, reason, retry, retryAfter } = publicRefusal(decision);
  const headers: Record<string, string> = {};
  if (status === 401) headers["www-authenticate"] = challenge;
  if (retryAfter !== undefined) headers["retry-after"] = String(Math.max(0, Math.ceil(retryAfter)));
  for (const [name, value] of Object.entries(decision.headers ?? {})) {
    if (!OWN_HEADERS.test(name) && isHeader(name, value)) headers[name.toLowerCase()] = value;
  }
  headers["content-type"] = "application/problem+json";
  headers["cache-control"] = "no-store";
  const title = STATUS_CODES[status] ?? "Refused";
  // JSON omits undefined fields.
  const body = { type: "about:blank", title, status, detail: reason, code, retry, retryAfter };
  return { status, headers, body: JSON.stringify(body) };
}
