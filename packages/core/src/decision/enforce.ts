import { ignoreRejection } from "../util/thenable.js";
import type { Decision } from "./decision-types.js";
import { PermissionDenied } from "./errors.js";

/** A decision that is there already, or comes later. */
export type MaybeDecision = Decision | Promise<Decision>;

/** The error that stands for a refusal. Its `cause` is the decision. */
export function denialFrom(refusal: Decision): PermissionDenied {
  const { code, reason, status, retryAfter, headers } = refusal;
  const parts = { reason, status, retryAfter, headers, cause: refusal };
  return new PermissionDenied(code, parts as ConstructorParameters<typeof PermissionDenied>[1]);
}

/** Tells later whether a decision allows. */
export async function isAllowed(made: MaybeDecision): Promise<boolean> {
  return (await made).outcome === "allow";
}

/**
 * Rejects where a decision refuses. A caller that does not wait for the promise must not end the process, so its
 * rejection counts as handled.
 *
 * @throws {PermissionDenied} When the decision does not allow.
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
