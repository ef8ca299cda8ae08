import { type LogoutToken, readLogoutToken } from "./logout-token.js";
import { tellerOfRefusals } from "./refused-token.js";

/** Seconds for which a token is accepted after `iat`, and the difference of clocks that is tolerated. */
export const LIFETIME = 120;
export const TOLERANCE = 60;

/** Milliseconds after which keys that could not be read are read again. Anybody can send a token that asks for them. */
const PAUSE = 1_000;

/** The algorithms with a public key that are accepted by default. */
export const ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Options of {@link verifierOf}. */
export interface VerifierOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: URL | { readonly keys: readonly object[] };
  readonly algorithms?: readonly string[];
}

interface Verified {
  readonly payload: Record<string, unknown>;
  readonly protectedHeader: { readonly typ?: unknown };
}

/** The parts of jose that are used; versions 4 to 6 have them, `customFetch` since 5.9. */
interface Jose {
  readonly customFetch?: symbol;
  createRemoteJWKSet(url: URL, options: object): unknown;
  createLocalJWKSet(keys: object): unknown;
  jwtVerify(token: string, keys: never, options: object): Promise<Verified>;
}

/**
 * Returns a function that verifies a token: the claims, or a sentence that says what is wrong. It rejects when the keys of
 * the provider cannot be read.
 *
 * @param importJose Default: imports `jose`. A failed import is tried again with the next token.
 */
export function verifierOf(
  options: VerifierOptions,
  importJose: () => Promise<unknown> = () => import("jose"),
): (token: string) => Promise<LogoutToken | string> {
  const { issuer, audience, jwks, algorithms = ALGORITHMS } = options;
  const claims = { issuer, audience, algorithms, clockTolerance: TOLERANCE, maxTokenAge: LIFETIME };
  const tell = tellerOfRefusals(options);
  let loaded: Promise<{ jose: Jose; keys: unknown }> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  const checkPause = () => {
    if (performance.now() - failedAt < PAUSE) throw new Error("The keys could not be read a moment ago.");
  };
  const fetchKeys: typeof fetch = async (...request) => {
    checkPause();
    return fetch(...request);
  };
  return async (token) => {
    loaded ??= importJose().then((jose) => load(jose as Jose, jwks, fetchKeys));
    const { jose, keys } = await loaded.catch((error) => {
      loaded = undefined;
      throw error;
    });
    // Without `customFetch` jose would ask for the keys with each token.
    if (jwks instanceof URL && jose.customFetch === undefined) checkPause();
    try {
      const { payload, protectedHeader } = await jose.jwtVerify(token, keys as never, claims);
      return readLogoutToken(payload, protectedHeader.typ);
    } catch (error) {
      // The provider may have a new key that it does not serve yet, or that jose does not read: it reads once in 30 s.
      if (jwks instanceof URL && codeOf(error) === "ERR_JWKS_NO_MATCHING_KEY") throw error;
      if (!isAboutKeys(error)) return tell(error);
      // Keys that were read before still serve other tokens.
      if (performance.now() - failedAt >= PAUSE) failedAt = performance.now();
      throw error;
    }
  };
}

function load(jose: Jose, jwks: VerifierOptions["jwks"], fetchKeys: typeof fetch): { jose: Jose; keys: unknown } {
  if (!(jwks instanceof URL)) return { jose, keys: jose.createLocalJWKSet(jwks) };
  const how = jose.customFetch === undefined ? {} : { [jose.customFetch]: fetchKeys };
  return { jose, keys: jose.createRemoteJWKSet(jwks, how) };
}

/** True when the keys of the provider could not be read, for which the token is not to blame. */
function isAboutKeys(error: unknown): boolean {
  const code = codeOf(error);
  if (typeof code !== "string" || !code.startsWith("ERR_J")) return true;
  return code === "ERR_JWKS_TIMEOUT" || code === "ERR_JOSE_GENERIC" || code === "ERR_JWKS_INVALID";
}

function codeOf(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}
