import { publicRefusal } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import { type AnswerHeader, isForRules, takeAnswerHeaders } from "../guard/handshake/response-headers.js";

/** The HTTP response to a refused handshake. */
export interface RefusalResponse {
  readonly status: number;
  /** Only `Set-Cookie` may be there several times. */
  readonly headers: readonly AnswerHeader[];
  /** JSON. */
  readonly body: string;
}

const CONTENT_TYPE: AnswerHeader = ["Content-Type", "application/json; charset=utf-8"];

/**
 * Makes the response to a refused handshake: the public refusal as JSON, the challenge of a 401, `Retry-After`, the
 * headers of the decision, and those that rules have added. Headers of the decision take precedence.
 *
 * @param request The raw handshake. The headers that rules have added are taken from it.
 * @param challenge The value of `WWW-Authenticate` for 401 (RFC 9110, section 11.6.1).
 */
export function refusalResponse(request: object, decision: Decision, challenge: string): RefusalResponse {
  const { status, retryAfter } = decision;
  const headers = new Map<string, AnswerHeader>();
  const set = (name: string, value: string) => headers.set(name.toLowerCase(), [name, value]);
  if (status === 401) set("WWW-Authenticate", challenge);
  if (retryAfter !== undefined) set("Retry-After", String(Math.ceil(retryAfter)));
  for (const [name, value] of Object.entries(decision.headers ?? {})) if (isForRules(name, value)) set(name, value);
  const added = takeAnswerHeaders(request).filter(([name]) => {
    const key = name.toLowerCase();
    return key === "set-cookie" || !headers.has(key);
  });
  const body = JSON.stringify({ error: publicRefusal(decision) });
  return { status, headers: [...headers.values(), ...added, CONTENT_TYPE], body };
}
