import { isPromise } from "node:util/types";
import { type Decision, fault } from "@portcullis/core";
import { decisionFromError, Timeout } from "@portcullis/core/adapter";
import { isOverdue } from "@portcullis/core/internal";
import type { Decide } from "../socketio-internals.js";

/** True when a function of the application accepts a namespace for a client. A decision when the function failed. */
export type Acceptance = boolean | Decision;

/**
 * Calls a function of the application as socket.io does. An error means no, and the first answer counts. The function
 * fails when it throws, even after its answer, or does not answer in time. Never throws, never rejects.
 *
 * @param limit Milliseconds until the function must have answered.
 */
export function askAcceptance(
  decide: Decide,
  name: string,
  auth: unknown,
  limit: number,
): Acceptance | Promise<Acceptance> {
  let acceptance: Acceptance | undefined;
  let finish: ((acceptance: Acceptance) => void) | undefined;
  const answer = (value: Acceptance) => {
    acceptance ??= value;
    finish?.(acceptance);
  };
  let wait: Timeout | undefined;
  const late = () => fault("permission_timeout");
  try {
    const returned: unknown = decide(name, auth, (error, isAccepted) =>
      answer(wait && isOverdue(wait) ? late() : !error && Boolean(isAccepted)),
    );
    if (isPromise(returned)) returned.catch((error) => answer(decisionFromError(error, "io.of()")));
  } catch (error) {
    return decisionFromError(error, "io.of()");
  }
  if (acceptance !== undefined) return acceptance;
  return new Promise<Acceptance>((resolve) => {
    finish = resolve;
    wait = new Timeout(limit, () => answer(late()));
  }).finally(() => wait?.cancel());
}
