import { partOf, textOf } from "../util/safe-read.js";
import { createDecision, decisionIn, isStatus, KNOWN_CODES } from "./decision.js";
import type { Decision } from "./decision-types.js";
import { PermissionDenied, PermissionMisuse } from "./errors.js";

/**
 * Converts a thrown value to a decision. A `PermissionDenied` keeps its code, status and reason. Everything else is the
 * fault `permission_error`. Never throws.
 *
 * @param by The name of the rule, or of the part that has thrown.
 * @param outcome The outcome of a `PermissionDenied`.
 * @param fallback The code of a `PermissionDenied` that has none.
 */
export function decisionFromError(
  error: unknown,
  by: string,
  outcome: "deny" | "error" = "error",
  fallback = "permission_denied",
): Decision {
  if (!isPermissionDenied(error))
    return createDecision("error", "permission_error", { by, error: error ?? `${error} was thrown` });
  const code = textOf(partOf(error, "code")) || fallback;
  const own = partOf(error, "status");
  const status = isStatus(own, 599) ? own : (KNOWN_CODES.get(code)?.status ?? KNOWN_CODES.get(fallback)?.status ?? 403);
  const [text, retryAfter, headers] = ["reason", "retryAfter", "headers"].map((name) => partOf(error, name));
  // The default reason. A fault with a status from 500 on is not worded as a denial.
  const words = outcome === "error" && status >= 500 ? "permission_error" : "permission_denied";
  const reason = textOf(text) ?? (KNOWN_CODES.get(code) ?? KNOWN_CODES.get(words))?.reason;
  return createDecision(outcome, code, { by, error, reason, status, retryAfter, headers });
}

/** True for a `PermissionDenied`, the throw that is meant as an answer. Never throws. */
export function isPermissionDenied(error: unknown): error is PermissionDenied {
  return PermissionDenied.isInstance(error);
}

/**
 * True when a decision is printed if `onDecision` is not set. Timeouts are. A refusal with a status below 500 is not,
 * whatever its error (an expired token, for example), except a `PermissionMisuse` and an error of a codec, which the
 * developer has to fix.
 */
export function isIncident({ error, code, status }: Decision): boolean {
  if (error === undefined) return code === "permission_timeout";
  try {
    const isMeant = isPermissionDenied(error);
    // The refusal of an `authorize` whose error the handler has let through.
    const inner = isMeant && decisionIn(error.cause);
    if (inner) return isIncident(inner);
    return (
      PermissionMisuse.isInstance(isMeant ? error.cause : error) ||
      ((status >= 500 || code === "bad_message") && !isMeant)
    );
  } catch {
    // The thrown value may be anything, so reading it may throw.
    return true;
  }
}
