import type { Scope } from "../types.js";
import { list } from "./codec-hint.js";
import type { Refused } from "./refused.js";

/** A name that credentials have. */
const CREDENTIAL = /auth|token|jwt|session|^(sid|connect\.sid|key|apikey|api_key)$/i;
/** Names of a query that belong to a transport. */
const TRANSPORT = ["sid"];

/**
 * Explains that nobody was signed in so far, although a client had credentials: `authenticate` may read them from another
 * place.
 */
export function credentialsHint({ decision, scope, authenticates, hasSignedIn }: Refused): string | undefined {
  if (decision.code !== "not_authenticated" || !authenticates || hasSignedIn || scope.user !== null) return undefined;
  const found = credentialsOf(scope).slice(0, 8);
  if (found.length === 0) return undefined;
  return `authenticate() has found no user so far, and a client had ${list(found)}: does it read the credentials from there?`;
}

/** The names of the values of a handshake that may be credentials. */
function credentialsOf({ headers, cookies, query, ...scope }: Scope): string[] {
  const named = (part: string, values: object, without: readonly string[] = []) =>
    Object.keys(values)
      .filter((name) => CREDENTIAL.test(name) && !without.includes(name))
      .map((name) => `${part}.${name}`);
  const { auth } = scope as { auth?: unknown };
  const hasSubprotocols = headers["sec-websocket-protocol"]?.includes(",") === true;
  return [
    ...named("headers", headers),
    ...(hasSubprotocols ? ["headers.sec-websocket-protocol"] : []),
    ...named("cookies", cookies),
    ...named("query", query, TRANSPORT),
    ...named("handshake.auth", Object(auth)),
  ];
}
