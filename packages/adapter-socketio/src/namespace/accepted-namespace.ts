import { isPromise } from "node:util/types";
import { type Decision, fault } from "@portcullis/core";
import { decisionFromError, Timeout } from "@portcullis/core/adapter";
import { isOverdue } from "@portcullis/core/internal";
import type { Decide } from "../socketio-internals.js";

/** Whether a function of the application accepts a namespace for a client; a decision where it has failed. */
export type Verdict = boolean | Decision;

/**
 * Asks a function of the application, as socket.io does: an error is a no, and the first answer counts. It fails where it
 * throws, also after its answer, or does not answer in time. Never throws, never rejects.
 */
export function accepts(decide: Decide, name: string, auth: unknown, limit: number): Verdict | Promise<Verdict> {
  let verdict: Verdict | undefined;
  let settle: ((verdict: Verdict) => void) | undefined;
  const say = (said: Verdict) => {
    verdict ??= said;
    settle?.(verdict);
  };
  let wait: Timeout | undefined;
  const late = () => fault("permission_timeout");
  try {
    const returned: unknown = decide(name, auth, (error, isAccepted) =>
      say(wait && isOverdue(wait) ? late() : !error && Boolean(isAccepted)),
    );
    if (isPromise(returned)) returned.catch((error) => say(decisionFromError(error, "io.of()")));
  } catch (error) {
    return decisionFromError(error, "io.of()");
  }
  if (verdict !== undefined) return verdict;
  return new Promise<Verdict>((resolve) => {
    settle = resolve;
    wait = new Timeout(limit, () => say(late()));
  }).finally(() => wait?.cancel());
}
