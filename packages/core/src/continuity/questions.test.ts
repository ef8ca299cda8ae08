import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { subjectParts } from "../../test/subject.js";
import { ALLOWED, createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { ABORTED } from "../engine/cancellation.js";
import { UNSETTLED } from "./authentication-watch.js";
import { Reauthentication } from "./reauthentication.js";
import type { Reask, Subject } from "./reauthentication-types.js";

const WRONG = createDecision("deny", "not_authenticated");
const FAULT = createDecision("error", "permission_error");

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const soon = () => vi.advanceTimersByTimeAsync(0);

/** A client whose authentications are answered by the test, in their order. */
function questioned(parts: Partial<Subject> = {}) {
  const asked: Reask[] = [];
  const answers: ((decision: Decision) => Promise<void>)[] = [];
  const spies = {
    report: vi.fn(),
    accept: vi.fn(),
    refuse: vi.fn(),
    retryIn: vi.fn(),
    rest: vi.fn(),
    hint: vi.fn(),
    joinQueue: vi.fn(),
  };
  const subject = {
    ...subjectParts(),
    authenticate(question: Reask) {
      const { promise, resolve } = deferred<{ decision: Decision; scope: never }>();
      asked.push(question);
      answers.push(async (decision) => {
        resolve({ decision, scope: { user: { id: 1 } } as never });
        await soon();
      });
      return { result: promise, abort: vi.fn() };
    },
    ...spies,
    ...parts,
  };
  const questions = new Reauthentication(subject as unknown as Subject);
  const answer = (decision: Decision) => answers[answers.length - 1]?.(decision);
  return { questions, asked, phases: () => asked.map(({ phase }) => phase), answer, ...spies };
}

describe("questions", () => {
  test("are asked one by one, renewals in their order", async () => {
    const { questions, asked, answer } = questioned();
    const [first, second] = [{ phase: "renew", renewal: { n: 1 } } as const, { phase: "renew" } as const];
    questions.demand();
    questions.renew(first);
    questions.renew(second);
    expect(questions.isRenewing).toBe(true);
    await answer(ALLOWED);
    await answer(ALLOWED);
    await answer(ALLOWED);
    expect(asked).toEqual([{ phase: "connect" }, first, second]);
    expect([questions.isRunning, questions.isRenewing]).toEqual([false, false]);
  });

  test("of a connection that ended are answered by nobody", async () => {
    const { questions, answer, accept } = questioned();
    const settledBy = vi.fn();
    questions.demand(settledBy);
    questions.end();
    await answer(ALLOWED);
    expect([settledBy.mock.calls, accept.mock.calls]).toEqual([[[ABORTED]], []]);
  });
});

describe("a renewal without a listener lets the next one follow", () => {
  test.each([
    ["allowed", ALLOWED],
    ["refused", WRONG],
    ["a fault", FAULT],
  ])("%s", async (_what, decision) => {
    const { questions, phases, answer } = questioned();
    questions.renew({ phase: "renew" });
    questions.renew({ phase: "renew" });
    await answer(decision);
    expect(phases()).toEqual(["renew", "renew"]);
  });

  test("of somebody else", async () => {
    const { questions, phases, answer, report } = questioned({ principal: "user:1" });
    questions.renew({ phase: "renew" });
    questions.renew({ phase: "renew" });
    await answer(ALLOWED);
    expect(phases()).toEqual(["renew", "renew"]);
    expect(report.mock.calls).toEqual([["renew", expect.objectContaining({ code: "principal_changed", status: 403 })]]);
  });
});

describe("a demand during a revalidation", () => {
  test("makes room for others, and waits for its turn", async () => {
    const { questions, phases, answer, accept, joinQueue } = questioned();
    const whenDone = vi.fn();
    questions.revalidate();
    questions.whenAnswered(whenDone);
    questions.demand();
    expect([joinQueue.mock.calls, whenDone.mock.calls]).toEqual([[], []]);
    await answer(ALLOWED);
    expect([phases(), joinQueue.mock.calls, whenDone.mock.calls]).toEqual([["revalidate"], [[]], [[undefined]]]);
    expect(accept).not.toHaveBeenCalled();
    questions.demand();
    await answer(ALLOWED);
    expect(phases()).toEqual(["revalidate", "connect"]);
    expect([joinQueue, accept].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test("goes before a renewal where the queue has room", async () => {
    const { questions, phases, answer } = questioned({ joinQueue: () => questions.revalidate() });
    questions.renew({ phase: "renew" });
    questions.renew({ phase: "renew" });
    questions.demand();
    await answer(WRONG);
    expect(phases()).toEqual(["renew", "connect"]);
    await answer(ALLOWED);
    expect(phases()).toEqual(["renew", "connect", "renew"]);
  });

  test("lets a renewal begin while it waits for its turn", async () => {
    const { questions, phases, answer, joinQueue } = questioned();
    questions.renew({ phase: "renew" });
    questions.renew({ phase: "renew" });
    questions.demand();
    await answer(WRONG);
    expect([phases(), joinQueue.mock.calls]).toEqual([["renew", "renew"], [[]]]);
  });
});

describe("after a renewal that is refused", () => {
  test.each([
    ["with a listener", vi.fn()],
    ["without a listener", undefined],
  ])("a demand %s is asked", async (_what, settledBy) => {
    const { questions, phases, answer, joinQueue } = questioned();
    questions.renew({ phase: "renew" });
    questions.demand(settledBy);
    questions.retryAt = 5_000;
    await answer(WRONG);
    expect([phases(), joinQueue.mock.calls]).toEqual([["renew"], [[]]]);
    questions.demand();
    await answer(ALLOWED);
    if (settledBy) expect(settledBy).toHaveBeenCalledExactlyOnceWith(ALLOWED);
    expect([phases(), questions.retryAt]).toEqual([["renew", "connect"], undefined]);
  });

  test.each([
    ["joins the queue where none is planned", undefined, [[]]],
    ["waits for its planned time", 5_000, []],
  ])("the settlement of a pending identity %s", async (_what, retryAt, expected) => {
    const { questions, answer, joinQueue } = questioned({ isPending: true });
    questions.renew({ phase: "renew" });
    questions.retryAt = retryAt;
    await answer(WRONG);
    expect(joinQueue.mock.calls).toEqual(expected);
  });
});

describe("after a fault", () => {
  test("the next question waits a second, then twice as long", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const { questions, answer, retryIn } = questioned();
    for (let fault = 0; fault < 7; fault += 1) {
      questions.demand();
      await answer(FAULT);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    const waits = [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500];
    expect(retryIn.mock.calls).toEqual(waits.map((wait) => [wait, 1_000]));
    questions.demand();
    await answer(ALLOWED);
    questions.demand();
    await answer(FAULT);
    expect(retryIn).toHaveBeenLastCalledWith(750, 1_000);
  });

  test("the number of faults is not forgotten", async () => {
    const { questions, answer, rest } = questioned();
    questions.revalidate();
    await answer(FAULT);
    expect(rest).not.toHaveBeenCalled();
    questions.revalidate();
    await answer(ALLOWED);
    expect(rest).toHaveBeenCalledOnce();
  });
});

test("a renewal that stays unsettled is answered and reported", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const { questions, answer, report, retryIn } = questioned();
  const answered = vi.fn();
  questions.renew({ phase: "renew", answer: answered });
  while (retryIn.mock.calls.length === 0) {
    questions.demand();
    await answer(ALLOWED);
  }
  expect([report.mock.calls, retryIn.mock.calls]).toEqual([[["renew", UNSETTLED]], [[1_000]]]);
  expect(answered.mock.calls).toEqual([[UNSETTLED]]);
});

test("the eleventh demand within a second is planned for later", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { questions, answer, phases, retryIn, hint } = questioned();
  for (let n = 0; n < 11; n += 1) {
    questions.demand();
    await answer(ALLOWED);
  }
  const whenDone = vi.fn();
  questions.whenAnswered(whenDone);
  expect([phases().length, retryIn.mock.calls, whenDone.mock.calls]).toEqual([10, [[1_050]], [[]]]);
  expect(hint.mock.calls).toEqual([[expect.stringContaining("under a condition only")]]);
});
