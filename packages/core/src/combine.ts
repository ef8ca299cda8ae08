import { type Decision, decision, type Outcome, restate } from "./decision.js";
import { PermissionMisuse } from "./errors.js";

/**
 * The one refusal that stands for several that were met, in the order they were asked: of denials the first 401
 * (signing in may help), else the first; of errors the first. All of them are in `causes`.
 *
 * @param met At least one of that outcome.
 */
export function combine(met: readonly Decision[], outcome: Outcome): Decision {
  const fitting = met.filter((one) => one.outcome === outcome);
  const signingInHelps = outcome === "deny" ? fitting.find((one) => one.status === 401) : undefined;
  const winner = signingInHelps ?? (fitting[0] as Decision);
  return met.length === 1 ? winner : restate(winner, { causes: Object.freeze(met.flatMap(causesOf)) });
}

function causesOf(one: Decision): readonly Decision[] {
  return one.causes ?? [one];
}

/** `not` of a decision: allow and deny change places, all else stays what it is. */
export function negate(from: Decision, denial: Decision): Decision {
  if (from.outcome === "allow") return denial;
  if (from.outcome !== "deny") return from;
  return allowing(undefined, from.causes);
}

const ALLOWED = decision("allow", "allowed");

/** An allowing decision, with the faults among its causes; with nothing to say it is always the same one. */
export function allowing(
  evidence?: Readonly<Record<string, unknown>>,
  causes: readonly Decision[] = [],
  by?: string,
): Decision {
  if (evidence === undefined && causes.length === 0 && by === undefined) return ALLOWED;
  const faults = causes.flatMap(causesOf).filter(({ outcome }) => outcome === "error");
  return decision("allow", "allowed", { evidence, causes: faults.length > 0 ? Object.freeze(faults) : undefined, by });
}

/**
 * A key of evidence that names, in a list, the keys which rules of one kind offer again and again: of two rules that
 * both name a key, the later one wins. All other keys stay unique.
 */
export const REPEATABLE = Symbol.for("@portcullis/core/repeatable");

type Evidence = (Readonly<Record<string, unknown>> & { readonly [REPEATABLE]?: readonly string[] }) | undefined;

/**
 * Evidence of two rules that both allowed.
 *
 * @throws {PermissionMisuse} In development, when both offer the same key; in production the later one wins.
 */
export function mergeEvidence(first: Evidence, second: Evidence): Evidence {
  if (first === undefined || second === undefined) return first ?? second;
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

/** Whether an outcome refuses. */
export function refuses(outcome: Outcome): outcome is "deny" | "error" {
  return outcome === "deny" || outcome === "error";
}
