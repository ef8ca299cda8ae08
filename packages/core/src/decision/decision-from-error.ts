import { partOf, textOf } from "../util/safe-read.js";
import { decision, decisionIn, isStatus, KNOWN_CODES } from "./decision.js";
import type { Decision } from "./decision-types.js";
import { PermissionDenied, PermissionMisuse } from "./errors.js";

/**
 * What was thrown, as a decision: a `PermissionDenied` says itself what it is, all else is `permission_error`. Never
 * throws.
 *
 * @param outcome What a `PermissionDenied` counts as.
 * @param fallback The code of a `PermissionDenied` that has none.
 */
export function decisionFromError(
  error: unknown,
  by: string,
  outcome: "deny" | "error" = "error",
  fallback = "permission_denied",
): Decision {
  if (!isPermissionDenied(error)) return decision("error", "permission_error", { by, error });
  const code = textOf(partOf(error, "code")) || fallback;
  const own = partOf(error, "status");
  const status = isStatus(own, 599) ? own : (KNOWN_CODES.get(code)?.status ?? KNOWN_CODES.get(fallback)?.status ?? 403);
  const [text, retryAfter, headers] = ["reason", "retryAfter", "headers"].map((name) => partOf(error, name));
  // Thrown on purpose, it denies: only below 500 can that be said.
  const words = outcome === "error" && status >= 500 ? "permission_error" : "permission_denied";
  const reason = textOf(text) ?? (KNOWN_CODES.get(code) ?? KNOWN_CODES.get(words))?.reason;
  return decision(outcome, code, { by, error, reason, status, retryAfter, headers });
}

/** Tells a throw that was meant as an answer: a `PermissionDenied`. Never throws. */
export function isPermissionDenied(error: unknown): error is PermissionDenied {
  return PermissionDenied.isInstance(error);
}

/**
 * Whether a decision is printed where nobody listens. A refusal below 500 is no incident, whatever was thrown for it (an
 * expired token), unless a developer has to write something else: then a `PermissionMisuse` says so, or a codec has thrown.
 */
export function isIncident({ error, code, status }: Decision): boolean {
  if (error === undefined) return code === "permission_timeout";
  try {
    const isMeant = isPermissionDenied(error);
    // A refusal that `authorize` threw, and a handler let through.
    const inner = isMeant && decisionIn(error.cause);
    if (inner) return isIncident(inner);
    return (
      PermissionMisuse.isInstance(isMeant ? error.cause : error) ||
      ((status >= 500 || code === "bad_message") && !isMeant)
    );
  } catch {
    // It may be anything, and reading it may throw.
    return true;
  }
}
