import { ignoreRejection } from "../util/thenable.js";
import type { Decision } from "./decision-types.js";
import { PermissionDenied } from "./errors.js";

/** A decision, or a promise of it. */
export type MaybeDecision = Decision | Promise<Decision>;

/** Converts a refusal to an error. Its `cause` is the decision. */
export function denialFrom(refusal: Decision): PermissionDenied {
  const { code, reason, status, retryAfter, headers } = refusal;
  const parts = { reason, status, retryAfter, headers, cause: refusal };
  return new PermissionDenied(code, parts as ConstructorParameters<typeof PermissionDenied>[1]);
}

/** Resolves to true when a decision allows. */
export async function isAllowed(made: MaybeDecision): Promise<boolean> {
  return (await made).outcome === "allow";
}

/**
 * Rejects when a decision does not allow. The rejection counts as handled, because a caller that does not await it must
 * not end the process.
 *
 * @throws {PermissionDenied} Rejects with it when the decision does not allow.
 */
export function enforce(made: MaybeDecision): Promise<void> {
  const enforced = assertAllowed(made);
  ignoreRejection(enforced);
  return enforced;
}

async function assertAllowed(made: MaybeDecision): Promise<void> {
  const decision = await made;
  if (decision.outcome !== "allow") throw denialFrom(decision);
}
