import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CallsUnderWay } from "./calls-under-way.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A call that is answered later. */
function counted() {
  const answers: { resolve(value: string): void; reject(error: Error): void }[] = [];
  const call = () => new Promise<string>((resolve, reject) => answers.push({ resolve, reject }));
  return { answers, call };
}

test("a call under way is made once", async () => {
  const calls = new CallsUnderWay();
  const { answers, call } = counted();
  const both = Promise.all([calls.run("read", call), calls.run("read", call)]);
  expect(answers).toHaveLength(1);
  answers[0]?.resolve("records");
  expect(await both).toEqual(["records", "records"]);
});

test("calls with other keys are made beside it", () => {
  const calls = new CallsUnderWay();
  const { answers, call } = counted();
  void calls.run("one", call);
  void calls.run("other", call);
  expect(answers).toHaveLength(2);
});

test.each(["resolve", "reject"] as const)("a call is made again after it did %s", async (end) => {
  const calls = new CallsUnderWay();
  const { answers, call } = counted();
  const first = calls.run("read", call).catch(() => undefined);
  answers[0]?.[end](new Error("away") as never);
  await first;
  void calls.run("read", call);
  expect(answers).toHaveLength(2);
});

test("a call without an answer is made again after a minute", async () => {
  const calls = new CallsUnderWay();
  const { answers, call } = counted();
  void calls.run("read", call);
  vi.advanceTimersByTime(59_999);
  void calls.run("read", call);
  expect(answers).toHaveLength(1);
  vi.advanceTimersByTime(1);
  const second = calls.run("read", call);
  expect(answers).toHaveLength(2);
  // The late answer of the first call does not end the second one.
  answers[0]?.resolve("late");
  await Promise.resolve();
  const third = calls.run("read", call);
  expect(answers).toHaveLength(2);
  answers[1]?.resolve("records");
  expect(await Promise.all([second, third])).toEqual(["records", "records"]);
});
