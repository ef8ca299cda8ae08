import { ALLOWED, withParts } from "../decision/decision.js";
import type { Decision, Outcome } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { Payload } from "../types.js";
import { negatedOutcome } from "./outcome-fold.js";

/**
 * Combines refusals into one. Of denials it is the first with status 401 (signing in may help), otherwise the first. Of
 * errors it is the first. All of them are in `causes`.
 *
 * @param met At least one refusal, in the order of asking.
 * @param stronger The outcome that wins over the other.
 */
export function combine(met: readonly Decision[], stronger: Outcome): Decision {
  if (met.length === 1) return met[0] as Decision;
  const strong = met.filter(({ outcome }) => outcome === stronger);
  const fitting = strong.length > 0 ? strong : met;
  const signIn = fitting.find(({ outcome, status }) => outcome === "deny" && status === 401);
  return withParts(signIn ?? (fitting[0] as Decision), { causes: Object.freeze(met.flatMap(causesOf)) });
}

function causesOf(one: Decision): readonly Decision[] {
  return one.causes ?? [one];
}

/**
 * Negates a decision. Abstain and error are left as they are.
 *
 * @param denial The decision for a negated allow.
 */
export function negate(from: Decision, denial: Decision): Decision {
  const outcome = negatedOutcome(from.outcome);
  if (outcome === from.outcome) return from;
  return outcome === "deny" ? denial : allowing(undefined, from.causes);
}

/**
 * An allowing decision with evidence, and with the faults among `met` as causes. Without either, the shared `plain`.
 */
export function allowing(evidence?: Evidence, met: readonly Decision[] = [], plain: Decision = ALLOWED): Decision {
  if (evidence === undefined && met.length === 0) return plain;
  const faults = met.flatMap(causesOf).filter(({ outcome }) => outcome === "error");
  const causes = faults.length > 0 ? Object.freeze(faults) : undefined;
  return withParts(plain, { evidence, causes });
}

/**
 * Key of evidence. Its value lists the keys that several rules may offer. When two rules list the same key, the later
 * one wins. All other keys must be unique.
 */
export const REPEATABLE = Symbol.for("@portcullis/core/repeatable");

/** Key of evidence. Its value replaces the payload of the handler. Hooks that may offer it have this key too. */
export const HANDS_ON = Symbol.for("@portcullis/core/handsOn");

/** A payload that a rule hands on to the handler. Valid only for the payload that it was made from. */
export interface HandedOn {
  readonly of: Payload;
  readonly payload: Payload;
}

export type Evidence =
  | (Readonly<Record<string, unknown>> & {
      readonly [REPEATABLE]?: readonly string[];
      readonly [HANDS_ON]?: HandedOn;
    })
  | undefined;

/**
 * Merges the evidence of two rules that both allowed.
 *
 * @throws {PermissionMisuse} When both hand on a payload. In development also when both offer the same key; in
 *   production the later one wins.
 */
export function mergeEvidence(first: Evidence, second: Evidence): Evidence {
  if (first === undefined || second === undefined) return first ?? second;
  if (first[HANDS_ON] && second[HANDS_ON]) {
    throw new PermissionMisuse("two rules hand on a payload: let one of them do so");
  }
  const isRepeatable = (key: string) => Boolean(first[REPEATABLE]?.includes(key) && second[REPEATABLE]?.includes(key));
  const twice = Object.keys(second).find((key) => Object.hasOwn(first, key) && !isRepeatable(key));
  if (twice !== undefined && throwsOnDuplicateEvidence()) {
    throw new PermissionMisuse(`two rules offer evidence under the key \`${twice}\`: give one of them another name`);
  }
  return Object.freeze(Object.assign(Object.create(null), first, second));
}

function throwsOnDuplicateEvidence(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.NODE_ENV !== "production";
}

/** True for a deny and for an error. */
export function refuses({ outcome }: Decision): boolean {
  return outcome === "deny" || outcome === "error";
}

/** Sets the author of a refusal that has none. */
export function named(decision: Decision, by: string): Decision {
  return decision.by === "" && refuses(decision) ? withParts(decision, { by }) : decision;
}
