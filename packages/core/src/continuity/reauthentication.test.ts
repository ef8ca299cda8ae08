import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { subjectParts } from "../../test/subject.js";
import { ALLOWED, createDecision } from "../decision/decision.js";
import { Reauthentication } from "./reauthentication.js";
import type { Reask, Subject } from "./reauthentication-types.js";

test("an answer settles nothing of a connection whose authorization has ended", async () => {
  const answer = deferred<{ decision: typeof ALLOWED; scope: never }>();
  const accept = vi.fn();
  const subject = {
    ...subjectParts(),
    authenticate: () => ({ result: answer.promise, abort() {} }),
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
    ...subjectParts(),
    authenticate() {
      throw new Error("no scope");
    },
    retryIn,
  };
  const questions = new Reauthentication(subject as unknown as Subject);
  const settledBy = vi.fn();
  questions.demand(settledBy);
  await settled();
  expect(settledBy).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ outcome: "error", by: "authenticate" }));
  expect([retryIn.mock.calls.length, questions.isRunning]).toEqual([1, false]);
});

/** A client that is always allowed, in a queue with room. `whenAccepted` runs at each acceptance, `whenAsked` at each question. */
function allowed(whenAsked: () => void, whenAccepted: () => void) {
  const [retryIn, rest, abort] = [vi.fn(), vi.fn(), vi.fn()];
  let asked = 0;
  const subject = {
    ...subjectParts(),
    report: vi.fn(),
    authenticate() {
      asked += 1;
      whenAsked();
      return { result: { decision: ALLOWED, scope: { user: { id: 1 } } as never }, abort };
    },
    accept: () => whenAccepted(),
    joinQueue: () => queueMicrotask(() => questions.revalidate()),
    retryIn,
    rest,
    hint: vi.fn(),
  };
  const questions = new Reauthentication(subject as unknown as Subject);
  return { questions, retryIn, rest, abort, asked: () => asked };
}

describe("a demand at each answer", () => {
  const soon = () => vi.advanceTimersByTimeAsync(0);
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(0);
  });
  afterEach(() => {
    vi.restoreAllMocks();
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

describe("the authentications of an idle connection", () => {
  const nothing = () => undefined;

  test("are forgotten once a revalidation is accepted", async () => {
    const { questions, rest } = allowed(nothing, nothing);
    questions.revalidate();
    await settled();
    expect(rest).toHaveBeenCalledOnce();
  });

  test("are kept while demands are counted", async () => {
    vi.useFakeTimers();
    try {
      const { questions, rest } = allowed(nothing, nothing);
      questions.demand();
      await vi.advanceTimersByTimeAsync(999);
      questions.revalidate();
      await vi.advanceTimersByTimeAsync(0);
      expect(rest).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      questions.revalidate();
      await vi.advanceTimersByTimeAsync(0);
      expect(rest).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });

  test("are kept for the payload of a renewal", async () => {
    const { questions, rest } = allowed(nothing, nothing);
    questions.renew({ phase: "renew", renewal: { token: "t" } });
    await settled();
    questions.revalidate();
    await settled();
    expect([rest.mock.calls.length, questions.renewed?.payload]).toEqual([0, { token: "t" }]);
  });

  test("are kept while a demand is made at the acceptance", async () => {
    let demands = 1;
    const { questions, rest, asked } = allowed(nothing, () => demands-- > 0 && questions.demand());
    questions.revalidate();
    await settled();
    expect([asked(), rest.mock.calls.length]).toEqual([2, 0]);
  });

  test("are kept for a demand that waits for its turn", async () => {
    const refused = createDecision("deny", "not_authenticated");
    const [rest, whenSettled] = [vi.fn(), vi.fn()];
    const subject = {
      ...subjectParts(),
      authenticate: ({ phase }: Reask) => ({ result: { decision: phase === "renew" ? refused : ALLOWED }, abort() {} }),
      accept() {},
      joinQueue() {},
      rest,
    };
    const questions = new Reauthentication(subject as unknown as Subject);
    questions.renew({ phase: "renew" });
    questions.demand(whenSettled);
    await settled();
    expect(rest).not.toHaveBeenCalled();
    // Its turn has come.
    questions.revalidate();
    await settled();
    expect(whenSettled).toHaveBeenCalledExactlyOnceWith(ALLOWED);
  });

  test("are aborted at the end of the connection", async () => {
    const { questions, abort } = allowed(nothing, nothing);
    questions.revalidate();
    questions.end();
    await settled();
    expect(abort).toHaveBeenCalledOnce();
  });
});
