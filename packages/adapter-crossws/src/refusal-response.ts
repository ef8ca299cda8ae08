import type { Decision } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";
import { type AnswerHeader, isForRules } from "@portcullis/core/internal";

/**
 * Makes the response to a refused upgrade, with the public refusal as JSON.
 *
 * @param challenge The value of `WWW-Authenticate` for 401.
 * @param added Headers that rules have added. Those of the decision take precedence.
 */
export function refusalResponse(decision: Decision, challenge: string, added: readonly AnswerHeader[]): Response {
  const { status, retryAfter } = decision;
  const headers = new Headers();
  for (const [name, value] of added) headers.append(name, value);
  if (status === 401) headers.set("www-authenticate", challenge);
  if (retryAfter !== undefined) headers.set("retry-after", String(Math.max(0, Math.ceil(retryAfter))));
  for (const [name, value] of Object.entries(decision.headers ?? {})) {
    if (isForRules(name, value)) headers.set(name, value);
  }
  headers.set("content-type", "application/json; charset=utf-8");
  // crossws sends no length on Node, so only the end of the connection ends the body.
  headers.set("connection", "close");
  return new Response(JSON.stringify({ error: publicRefusal(decision) }), { status, headers });
}
