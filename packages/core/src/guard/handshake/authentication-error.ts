import { createDecision } from "../../decision/decision.js";
import { decisionFromError, isPermissionDenied } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { partOf } from "../../util/safe-read.js";
import { refusalIn } from "./read-extra.js";

/** Errors of jsonwebtoken, by name. */
const OF_JSONWEBTOKEN = /^(TokenExpired|NotBefore|JsonWebToken)Error$/;

/** Beginnings of jsonwebtoken messages about the server's own arguments, and not about the token. */
const OF_SERVER =
  /^(secret|verify must|error in secret|please specify|clockTimestamp|nonce must|allowInvalid|"maxAge")/;

/** Codes of jose that a token causes by itself. Codes about fetching keys, or about keys, are not included. */
const OF_JOSE =
  /^ERR_(JWT_(EXPIRED|CLAIM_VALIDATION_FAILED|INVALID)|JWS_(INVALID|SIGNATURE_VERIFICATION_FAILED)|JWE_(INVALID|DECRYPTION_FAILED|DECOMPRESSION_FAILED)|JWKS_NO_MATCHING_KEY|JOSE_(ALG_NOT_ALLOWED|NOT_SUPPORTED))$/;

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
 * the status of another server's response does not concern this client. A refusal that is the cause of a
 * `PermissionDenied` stands for it, so a fault stays a fault.
 */
export function notAuthenticated(error: unknown): Decision {
  if (!isPermissionDenied(error)) {
    try {
      if (error instanceof Error) return readError(error) ?? decisionFromError(error, "authenticate");
    } catch {
      // INVARIANT: an error in reading the thrown value is not passed on.
    }
  }
  const refusal = isPermissionDenied(error) ? refusalIn(partOf(error, "cause")) : undefined;
  return refusal ?? decisionFromError(error, "authenticate", "deny", "not_authenticated");
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
  if (OF_JSONWEBTOKEN.test(name as string)) return !OF_SERVER.test(message as string);
  return OF_JOSE.test(code as string) || (name === "SyntaxError" && IN_JWS.test(stack as string));
}

/** @param reason Left out where it is no text. */
function denied(code: string, error: unknown, reason: unknown): Decision {
  return createDecision("deny", code, { by: "authenticate", error, reason });
}
