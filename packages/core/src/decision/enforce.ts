import { WatchedPromise } from "../util/watched-promise.js";
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
export function isAllowed(made: MaybeDecision): WatchedPromise<boolean> {
  return watch("can", made, ({ outcome }) => outcome === "allow");
}

/**
 * Rejects when a decision does not allow. The rejection counts as handled, because a caller that does not await it must
 * not end the process.
 *
 * @throws {PermissionDenied} Rejects with it when the decision does not allow.
 */
export function enforce(made: MaybeDecision): WatchedPromise<void> {
  return watch("authorize", made, (decision) => {
    if (decision.outcome !== "allow") throw denialFrom(decision);
  });
}

/** The verbs that were warned of. */
const warned = new Set<string>();

function watch<T>(verb: "can" | "authorize", made: MaybeDecision, judge: (decision: Decision) => T): WatchedPromise<T> {
  let isRefused = false;
  const judging = Promise.resolve(made).then((decision) => {
    isRefused = decision.outcome !== "allow";
    return judge(decision);
  });
  const watched = new WatchedPromise<T>((resolve) => resolve(judging));
  const isForgotten = () => isRefused && !watched.isAwaited && !warned.has(verb);
  watched.whenSettled(() => {
    // A caller may await something else first, as with promises that started together.
    if (isForgotten()) setTimeout(() => isForgotten() && warn(verb), 0);
  });
  return watched;
}

function warn(verb: string): void {
  warned.add(verb);
  console.error(`${verb}() has refused, and nothing awaited it: write \`await\` before it`);
}
