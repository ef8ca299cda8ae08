import type { Decision } from "../decision/decision.js";
import { PermissionDenied } from "../decision/errors.js";
import { ignoreRejection } from "../util/thenable.js";

/** Tells whether a decision allows. The promise never rejects where the decision's does not. */
export async function allows(decision: Decision | Promise<Decision>): Promise<boolean> {
  return (await decision).outcome === "allow";
}

/**
 * Turns a refusal into a rejection. A forgotten `await` must not let a refused client end the process, so the promise is
 * marked as handled.
 */
export function enforce(decision: Decision | Promise<Decision>): Promise<void> {
  const enforced = rejectRefused(decision);
  ignoreRejection(enforced);
  return enforced;
}

async function rejectRefused(decision: Decision | Promise<Decision>): Promise<void> {
  const made = await decision;
  if (made.outcome !== "allow") throw denialOf(made);
}

/** The error that carries a refusal. */
export function denialOf(decision: Decision): PermissionDenied {
  return new PermissionDenied(decision.code, decision);
}
