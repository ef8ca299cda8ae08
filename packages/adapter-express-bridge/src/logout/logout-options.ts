import type { MaybePromise } from "@portcullis/core";
import type { Revocations } from "@portcullis/core/continuity";
import { checkKeys, misuse } from "@portcullis/core/internal";
import type { LoggedOut } from "./logout-token.js";
import { ALGORITHMS } from "./token-verifier.js";

/** Options of {@link backChannelLogout}. */
export interface BackChannelLogoutOptions {
  /** The issuer of the identity provider, as in its configuration. */
  issuer: string;
  /** The client id of the application at the identity provider. */
  audience: string;
  /** The address of the provider's keys (`jwks_uri`), or the keys themselves. */
  jwks: URL | { readonly keys: readonly object[] };
  revocations: Pick<Revocations, "revoke">;
  /**
   * Ends the session in the application, before its connections are closed: they come back at once, and a cookie that is
   * still good lets them in. It may be asked again about a session that has ended. Where it rejects, or takes longer than
   * 5 s, the provider is told to try again.
   */
  signOut?: (loggedOut: LoggedOut) => MaybePromise<void>;
  /**
   * Returns the subjects to revoke. Default: `session:<sid>` where the token has one, otherwise `user:<sub>`. `identify`
   * of the guard must give the same names.
   */
  subjects?: (loggedOut: LoggedOut) => readonly string[];
  /** Algorithms of signatures to accept. Default: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. */
  algorithms?: readonly string[];
}

export const CALLER = "backChannelLogout()";
const KEYS = ["issuer", "audience", "jwks", "revocations", "signOut", "subjects", "algorithms"];

/** @throws {PermissionMisuse} When an option is missing, unknown or of the wrong type. */
export function checkOptions(options: BackChannelLogoutOptions): void {
  checkKeys(CALLER, options, KEYS);
  const { issuer, audience, jwks, revocations, subjects, signOut, algorithms = ALGORITHMS } = options;
  for (const [key, value] of Object.entries({ issuer, audience })) {
    if (typeof value !== "string" || value === "")
      throw misuse(CALLER, value, "give the text of the provider's configuration", `\`${key}\``);
  }
  checkKeySet(jwks);
  checkAlgorithms(algorithms);
  if (typeof revocations?.revoke !== "function")
    throw misuse(CALLER, revocations, "give memoryRevocations(), or those of @portcullis/revocations", "`revocations`");
  for (const [key, value] of Object.entries({ subjects, signOut })) {
    if (value !== undefined && typeof value !== "function")
      throw misuse(CALLER, value, "give a function", `\`${key}\``);
  }
}

const PROTOCOLS = ["https:", "http:"];

/** Checks that keys can be fetched, or are there. */
function checkKeySet(jwks: unknown): void {
  const { keys, protocol } = Object(jwks) as { keys?: unknown; protocol?: unknown };
  const isUsable =
    jwks instanceof URL ? PROTOCOLS.includes(protocol as string) : Array.isArray(keys) && keys.length > 0;
  if (isUsable) return;
  const [value, role] = Array.isArray(keys) ? [keys, "`jwks.keys`"] : [jwks, "`jwks`"];
  throw misuse(CALLER, value, 'give new URL("https://id.example/jwks"), or { keys } with at least one key', role);
}

/** Checks the names of algorithms. A name with a slip would refuse each token. */
function checkAlgorithms(algorithms: unknown): void {
  const names: unknown[] = Array.isArray(algorithms) ? algorithms : [];
  const wrong = names.find((name) => !ALGORITHMS.includes(name as string));
  if (names.length > 0 && wrong === undefined) return;
  const [value, role] = wrong === undefined ? [algorithms, "`algorithms`"] : [wrong, "one of `algorithms`"];
  throw misuse(CALLER, value, `give a list of ${ALGORITHMS.join(", ")}`, role);
}
