import { decision } from "../../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";

/** Errors of jsonwebtoken, by name. */
const OF_JSONWEBTOKEN = new Set(["TokenExpiredError", "NotBeforeError", "JsonWebTokenError"]);

/** How messages of jsonwebtoken begin that complain of what the server has given, and not of the token. */
const OF_SERVER =
  /^(secret|verify must|error in secret|please specify|clockTimestamp|nonce must|allowInvalid|"maxAge")/;

/** Codes of jose that a token brings about by itself. Those about fetching keys, or about keys, are not among them. */
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

/** jsonwebtoken hands on what JSON.parse says of a payload that is none. */
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
 * What `authenticate` has thrown. A denial is a `PermissionDenied`, an error of http-errors with the status 401 or 403
 * that says that it may be shown, and what jsonwebtoken or jose says of a token. All else is a fault: an error that
 * carries the status of somebody else's response says nothing of this client.
 */
export function notAuthenticated(error: unknown): Decision {
  if (!isPermissionDenied(error)) {
    try {
      if (error instanceof Error) return readError(error) ?? decisionFromError(error, "authenticate");
    } catch {
      // INVARIANT: reading what was thrown never throws on.
    }
  }
  return decisionFromError(error, "authenticate", "deny", "not_authenticated");
}

function readError(error: Thrown): Decision | undefined {
  const { status, expose, message } = error;
  if (expose === true && (status === 401 || status === 403)) {
    const code = status === 401 ? "not_authenticated" : "permission_denied";
    return denied(code, error, typeof message === "string" ? message : undefined);
  }
  return isAboutToken(error) ? denied("not_authenticated", error, "Incorrect authentication credentials.") : undefined;
}

function isAboutToken({ name, code, message, stack }: Thrown): boolean {
  if (OF_JSONWEBTOKEN.has(name as string)) return !OF_SERVER.test(message as string);
  return OF_JOSE.has(code as string) || (name === "SyntaxError" && IN_JWS.test(stack as string));
}

function denied(code: string, error: unknown, reason: string | undefined): Decision {
  return decision("deny", code, { by: "authenticate", error, reason });
}
