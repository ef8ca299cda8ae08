import { expect, test, vi } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { ALLOWED } from "../decision/decision.js";
import { AuthenticationWatch } from "./authentication-watch.js";
import { Reauthentication, type Subject } from "./reauthentication.js";

test("an answer settles nothing of a connection whose authorization has ended", async () => {
  const answer = deferred<{ decision: typeof ALLOWED; scope: never }>();
  const accept = vi.fn();
  const subject = {
    isEnded: false,
    state: { principal: undefined, isUnsettled: false },
    watch: () => new AuthenticationWatch(() => null, undefined),
    authenticate: () => answer.promise,
    accept,
  };
  const questions = new Reauthentication(subject as unknown as Subject);
  questions.demand();
  subject.isEnded = true;
  answer.resolve({ decision: ALLOWED, scope: {} as never });
  await settled();
  expect(accept).not.toHaveBeenCalled();
});

test("a question that cannot be asked is a fault, and is asked again", async () => {
  const retryIn = vi.fn();
  const subject = {
    isEnded: false,
    state: { principal: undefined, isUnsettled: false },
    watch: () => new AuthenticationWatch(() => null, undefined),
    authenticate: () => Promise.reject(new Error("no scope")),
    retryIn,
  };
  const questions = new Reauthentication(subject as unknown as Subject);
  const settledBy = vi.fn();
  questions.demand(settledBy);
  await settled();
  expect(settledBy).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ outcome: "error", by: "authenticate" }));
  expect([retryIn.mock.calls.length, questions.isRunning]).toEqual([1, false]);
});
