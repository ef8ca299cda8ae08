import type { IncomingMessage, ServerResponse } from "node:http";

/** A request and its response, after the middlewares have run. */
interface HttpPair {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Returns the id of a session, or `undefined` for one that the next authentication does not find. A session package makes
 * a new id for each request without a stored session. So the id counts if the request has it, or if the response gives it
 * to the client.
 *
 * @param isKept True when the session of the response is stored.
 */
export function lastingId(id: unknown, { request, response }: HttpPair, isKept: boolean): string | undefined {
  if (typeof id !== "string" || id === "") return undefined;
  const texts = [
    request.url,
    ...Object.values(request.headers),
    ...(isKept ? Object.values(response.getHeaders()) : []),
  ];
  return texts.flat().some((text) => holds(String(text), id)) ? id : undefined;
}

/** True when a text has an id that is no part of a longer word. */
function holds(text: string, id: string): boolean {
  const plain = text.replaceAll(/(%[\da-f]{2})+/gi, decoded);
  for (let at = plain.indexOf(id); at !== -1; at = plain.indexOf(id, at + 1)) {
    if (!/\w/.test(plain.charAt(at - 1)) && !/\w/.test(plain.charAt(at + id.length))) return true;
  }
  return false;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
