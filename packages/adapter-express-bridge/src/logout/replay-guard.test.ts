import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReplayGuard } from "./replay-guard.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const nothing = async () => undefined;

/** Carries out ids one behind the other. Resolves with what each was: new or not. */
async function runAll(guard: ReplayGuard, ...ids: string[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const id of ids) answers.push(await guard.run(id, id, nothing));
  return answers;
}

test("an id is refused until its lifetime is over", async () => {
  const guard = new ReplayGuard(1_000);
  expect(await runAll(guard, "a", "a")).toEqual([true, false]);
  vi.advanceTimersByTime(999);
  expect(await runAll(guard, "a")).toEqual([false]);
  vi.advanceTimersByTime(1);
  expect(await runAll(guard, "a", "a")).toEqual([true, false]);
});

test("only ids beyond their lifetime are forgotten", async () => {
  const guard = new ReplayGuard(1_000);
  await runAll(guard, "a");
  vi.advanceTimersByTime(600);
  await runAll(guard, "b");
  vi.advanceTimersByTime(600);
  expect(await runAll(guard, "b", "a")).toEqual([false, true]);
});

test("ten thousand ids are remembered, the oldest leaves first", async () => {
  const guard = new ReplayGuard(1_000);
  for (let id = 0; id < 10_000; id += 1) await guard.run(`${id}`, `${id}`, nothing);
  expect(await runAll(guard, "0", "9999")).toEqual([false, false]);
  expect(await runAll(guard, "more", "1", "more")).toEqual([true, false, false]);
  expect(await runAll(guard, "0", "2")).toEqual([true, false]);
});

test("an id whose work has failed is accepted again", async () => {
  const guard = new ReplayGuard(1_000);
  const failing = () => guard.run("a", "token", () => Promise.reject(new Error("down")));
  await expect(failing()).rejects.toThrow("down");
  expect(await runAll(guard, "a", "a")).toEqual([true, false]);
});

test("work under way is shared, and done once", async () => {
  const guard = new ReplayGuard(1_000);
  const work = vi.fn(nothing);
  expect(await Promise.all([guard.run("a", "token", work), guard.run("a", "token", work)])).toEqual([true, true]);
  expect(work).toHaveBeenCalledOnce();
  expect(await runAll(guard, "a")).toEqual([false]);
});

test("another token with an id under way is refused", async () => {
  const guard = new ReplayGuard(1_000);
  const work = vi.fn(nothing);
  expect(await Promise.all([guard.run("a", "token", work), guard.run("a", "other", work)])).toEqual([true, false]);
  expect(work).toHaveBeenCalledOnce();
});
