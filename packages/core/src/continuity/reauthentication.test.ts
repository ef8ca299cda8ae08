import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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

/** A client that is always allowed. `whenAccepted` runs at each acceptance, `whenAsked` at each question. */
function allowed(whenAsked: () => void, whenAccepted: () => void) {
  const retryIn = vi.fn();
  let asked = 0;
  const subject = {
    isEnded: false,
    state: { principal: undefined, isUnsettled: false },
    watch: () => new AuthenticationWatch(() => null, undefined),
    report: vi.fn(),
    async authenticate() {
      asked += 1;
      whenAsked();
      return { decision: ALLOWED, scope: {} as never };
    },
    accept: () => whenAccepted(),
    retryIn,
  };
  return { questions: new Reauthentication(subject as unknown as Subject), retryIn, asked: () => asked };
}

describe("a demand at each answer", () => {
  const soon = () => vi.advanceTimersByTimeAsync(0);
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(["accept", "authenticate"])("is slowed down, made in `%s`", async (place) => {
    const demand = (): void => questions.demand();
    const nothing = () => undefined;
    const isAccept = place === "accept";
    const { questions, retryIn, asked } = allowed(isAccept ? nothing : demand, isAccept ? demand : nothing);
    questions.demand();
    await soon();
    expect([asked(), retryIn.mock.calls]).toEqual([10, [[1_000]]]);
    vi.advanceTimersByTime(1_000);
    questions.demand();
    await soon();
    expect(asked()).toBe(20);
  });

  test("lets a renewal be answered once", async () => {
    const { questions, retryIn } = allowed(
      () => questions.demand(),
      () => undefined,
    );
    const answer = vi.fn();
    questions.renew({ phase: "renew", answer });
    await soon();
    expect(answer.mock.calls).toEqual([[expect.objectContaining({ code: "permission_timeout", status: 503 })]]);
    expect(retryIn).toHaveBeenCalledOnce();
    expect(questions.isRunning).toBe(false);
  });
});
