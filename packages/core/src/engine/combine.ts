import { ALLOWED, withParts } from "../decision/decision.js";
import type { Decision, Outcome } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { Payload } from "../types.js";
import { negatedOutcome } from "./outcome-fold.js";

/**
 * The one refusal that stands for several that were met, in the order they were asked: of denials the first 401
 * (signing in may help), else the first; of errors the first. All of them are in `causes`.
 *
 * @param met At least one.
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

/** `not` of a decision: allow and deny change places, all else stays what it is. */
export function negate(from: Decision, denial: Decision): Decision {
  const outcome = negatedOutcome(from.outcome);
  if (outcome === from.outcome) return from;
  return outcome === "deny" ? denial : allowing(undefined, from.causes);
}

/** An allowing decision, with the faults among its causes; with nothing to say it is always the same one. */
export function allowing(evidence?: Evidence, met: readonly Decision[] = [], plain: Decision = ALLOWED): Decision {
  if (evidence === undefined && met.length === 0) return plain;
  const faults = met.flatMap(causesOf).filter(({ outcome }) => outcome === "error");
  const causes = faults.length > 0 ? Object.freeze(faults) : undefined;
  return withParts(plain, { evidence, causes });
}

/**
 * A key of evidence that names, in a list, the keys which rules of one kind offer again and again: of two rules that
 * both name a key, the later one wins. All other keys stay unique.
 */
export const REPEATABLE = Symbol.for("@portcullis/core/repeatable");

/**
 * A key of evidence under which one rule of a message says what its handler gets as the payload. A question that may
 * answer so has it too.
 */
export const HANDS_ON = Symbol.for("@portcullis/core/handsOn");

/** What a rule hands on to the handler. It counts for the payload that it was made of, and for no other. */
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
 * Evidence of two rules that both allowed.
 *
 * @throws {PermissionMisuse} When both hand on a payload; in development also when both offer the same key, of which in
 *   production the later one wins.
 */
export function mergeEvidence(first: Evidence, second: Evidence): Evidence {
  if (first === undefined || second === undefined) return first ?? second;
  if (first[HANDS_ON] && second[HANDS_ON]) {
    throw new PermissionMisuse("two rules hand on a payload: let one of them do so");
  }
  const isRepeatable = (key: string) => Boolean(first[REPEATABLE]?.includes(key) && second[REPEATABLE]?.includes(key));
  const twice = Object.keys(second).find((key) => Object.hasOwn(first, key) && !isRepeatable(key));
  if (twice !== undefined && isDevelopment()) {
    throw new PermissionMisuse(`two rules offer evidence under the key \`${twice}\`: give one of them another name`);
  }
  return Object.freeze(Object.assign(Object.create(null), first, second));
}

function isDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.NODE_ENV !== "production";
}

/** Whether a decision refuses. */
export function refuses({ outcome }: Decision): boolean {
  return outcome === "deny" || outcome === "error";
}

/** A refusal names its author: the one it has already, or `by`. */
export function named(made: Decision, by: string): Decision {
  return made.by === "" && refuses(made) ? withParts(made, { by }) : made;
}
