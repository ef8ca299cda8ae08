import { printLine, show } from "@portcullis/core/internal";

/** An error of jose. `claim` is there once the signature was good. */
interface RefusedToken {
  readonly claim?: unknown;
  readonly payload?: Record<string, unknown>;
  readonly code?: unknown;
  readonly message?: unknown;
}

/** The values that a token must have. */
interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** Options to look at where a token of the provider is refused, by the error of jose. Its claims have errors of their own. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: "the option `algorithms`",
  ERR_JWKS_NO_MATCHING_KEY: "the option `jwks`, which has no key for it",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "that the provider names its keys by `kid`",
};

/**
 * Returns the sentence for a token that was refused. It may have been one of the provider, and point at a mistake in the
 * options or the clock, so the first one of each kind is printed. The texts of jose quote no token.
 */
export function tellerOfRefusals({ issuer, audience }: Expected): (error: unknown) => string {
  const options: Readonly<Record<string, string>> = {
    iss: `the option \`issuer: ${show(issuer)}\``,
    aud: `the option \`audience: ${show(audience)}\``,
    iat: "the clock of this machine",
    exp: "the clock of this machine",
  };
  const told = new Set<string>();
  return (error) => {
    // jose has the payload since version 5.
    const { claim, payload, code, message } = Object(error) as RefusedToken;
    const advice = options[claim as string] ?? ADVICE[code as string];
    if (advice && !told.has(advice)) {
      told.add(advice);
      const found = payload && (claim === "iss" || claim === "aud") ? `, \`${claim}\` is ${show(payload[claim])}` : "";
      const signed = claim === undefined ? "a token" : "a token with a good signature";
      const text = `portcullis: backChannelLogout() refused ${signed} (${message}${found}). If it was meant for this application, check ${advice}.`;
      printLine("warn", text);
    }
    return "The token is not valid.";
  };
}
