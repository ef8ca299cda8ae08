import { printLine } from "../util/print-line.js";
import { REFUSALS, WatchedPromise } from "../util/watched-promise.js";
import type { Decision, MaybeDecision } from "./decision-types.js";
import { PermissionDenied } from "./errors.js";

/** Converts a refusal to an error. Its `cause` is the decision. */
export function denialFrom(refusal: Decision): PermissionDenied {
  const { code, reason, status, retryAfter, headers } = refusal;
  const parts = { reason, status, retryAfter, headers, cause: refusal };
  const denial = new PermissionDenied(code, parts as ConstructorParameters<typeof PermissionDenied>[1]);
  REFUSALS.add(denial);
  return denial;
}

/** A verb whose answer must be awaited. */
export type WatchedVerb = "can" | "authorize" | "reauthorize";

/** The verbs that the process has warned about. */
const WARNED = new Set<string>();

/**
 * Resolves to true when a decision allows.
 *
 * @param warned The verbs that have warned about a forgotten `await`. Each warns once.
 */
export function isAllowed(decision: MaybeDecision, warned = WARNED): WatchedPromise<boolean> {
  return watch("can", warned, decision, ({ outcome }) => outcome === "allow");
}

/**
 * Rejects when a decision does not allow. The rejection counts as handled, because a caller that does not await it must
 * not end the process.
 *
 * @param warned The verbs that have warned about a forgotten `await`. Each warns once.
 * @throws {PermissionDenied} Rejects with it when the decision does not allow.
 */
export function enforce(
  decision: MaybeDecision,
  warned = WARNED,
  verb: WatchedVerb = "authorize",
): WatchedPromise<void> {
  return watch(verb, warned, decision, (settled) => {
    if (settled.outcome !== "allow") throw denialFrom(settled);
  });
}

function watch<T>(
  verb: WatchedVerb,
  warned: Set<string>,
  decision: MaybeDecision,
  judge: (decision: Decision) => T,
): WatchedPromise<T> {
  let isRefused = false;
  const judging = Promise.resolve(decision).then((settled) => {
    isRefused = settled.outcome !== "allow";
    return judge(settled);
  });
  const watched = new WatchedPromise<T>((resolve) => resolve(judging));
  watched.watch = { isAwaited: false, isSafe: verb === "can" };
  const isForgotten = () => isRefused && !watched.watch.isAwaited && !warned.has(verb);
  watched.whenSettled(() => {
    // A caller may await something else first, as with promises that started together.
    if (isForgotten()) setTimeout(() => isForgotten() && warn(verb, warned), 0);
  });
  return watched;
}

function warn(verb: string, warned: Set<string>): void {
  warned.add(verb);
  printLine("error", `portcullis: ${verb}() has refused, and nothing awaited it: write \`await\` before it`);
}
