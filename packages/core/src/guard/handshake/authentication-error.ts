import { createDecision } from "../../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";

/** Errors of jsonwebtoken, by name. */
const OF_JSONWEBTOKEN = new Set(["TokenExpiredError", "NotBeforeError", "JsonWebTokenError"]);

/** Beginnings of jsonwebtoken messages about the server's own arguments, and not about the token. */
const OF_SERVER =
  /^(secret|verify must|error in secret|please specify|clockTimestamp|nonce must|allowInvalid|"maxAge")/;

/** Codes of jose that a token causes by itself. Codes about fetching keys, or about keys, are not included. */
const OF_JOSE = new Set(
  [
    "JWT_EXPIRED",
    "JWT_CLAIM_VALIDATION_FAILED",
    "JWT_INVALID",
    "JWS_INVALID",
    "JWS_SIGNATURE_VERIFICATION_FAILED",
    "JWE_INVALID",
    "JWE_DECRYPTION_FAILED",
    "JWE_DECOMPRESSION_FAILED",
    "JWKS_NO_MATCHING_KEY",
    "JOSE_ALG_NOT_ALLOWED",
    "JOSE_NOT_SUPPORTED",
  ].map((name) => `ERR_${name}`),
);

/** Frame of a stack in jws. jsonwebtoken passes on the `SyntaxError` of `JSON.parse` for a payload that is no JSON. */
const IN_JWS = /[\\/]node_modules[\\/]jws[\\/]/;

interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly status?: unknown;
  readonly expose?: unknown;
  readonly stack?: unknown;
}

/**
 * Converts an error of `authenticate` to a decision. Denials are a `PermissionDenied`, an exposed error of http-errors
 * with status 401 or 403, and token errors of jsonwebtoken and jose. All other errors are faults, because an error with
 * the status of another server's response does not concern this client.
 */
export function notAuthenticated(error: unknown): Decision {
  if (!isPermissionDenied(error)) {
    try {
      if (error instanceof Error) return readError(error) ?? decisionFromError(error, "authenticate");
    } catch {
      // INVARIANT: an error in reading the thrown value is not passed on.
    }
  }
  return decisionFromError(error, "authenticate", "deny", "not_authenticated");
}

function readError(error: Thrown): Decision | undefined {
  const { status, expose, message } = error;
  if (expose === true && (status === 401 || status === 403)) {
    const code = status === 401 ? "not_authenticated" : "permission_denied";
    return denied(code, error, message);
  }
  return isAboutToken(error) ? denied("not_authenticated", error, "Incorrect authentication credentials.") : undefined;
}

function isAboutToken({ name, code, message, stack }: Thrown): boolean {
  if (OF_JSONWEBTOKEN.has(name as string)) return !OF_SERVER.test(message as string);
  return OF_JOSE.has(code as string) || (name === "SyntaxError" && IN_JWS.test(stack as string));
}

/** @param reason Left out where it is no text. */
function denied(code: string, error: unknown, reason: unknown): Decision {
  return createDecision("deny", code, { by: "authenticate", error, reason });
}
