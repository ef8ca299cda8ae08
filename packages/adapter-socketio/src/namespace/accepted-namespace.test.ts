import { decisionFromError } from "@portcullis/core/adapter";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Decide } from "../socketio-internals.js";
import { askAcceptance } from "./accepted-namespace.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Next = Parameters<Decide>[2];
const LIMIT = 100;
const down = new Error("of the application");
const FAILED = decisionFromError(down, "io.of()");
const LATE = expect.objectContaining({ outcome: "error", code: "permission_timeout" });

const ask = (decide: (next: Next) => unknown) => askAcceptance((_name, _auth, next) => decide(next), "/a", {}, LIMIT);

/** A function that has not answered, and its `next`. */
function waiting(returned?: unknown) {
  let next: Next = () => {};
  const acceptance = ask((given) => {
    next = given;
    return returned;
  });
  return { acceptance, next: (...answer: Parameters<Next>) => next(...answer) };
}

describe("a function that answers at once", () => {
  test.each([
    ["accepts", null, true, true],
    ["accepts by any value", undefined, 1, true],
    ["refuses", null, false, false],
    ["refuses without a value", null, undefined, false],
    ["refuses by an error", down, true, false],
  ])("%s", (_how, error, isAccepted, expected) => {
    expect(ask((next) => next(error, isAccepted))).toBe(expected);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is believed once", () => {
    const acceptance = ask((next) => {
      next(null, false);
      next(null, true);
    });
    expect(acceptance).toBe(false);
  });

  test("fails when it then throws", () => {
    const acceptance = ask((next) => {
      next(null, true);
      throw down;
    });
    expect(acceptance).toEqual(FAILED);
  });

  test("is asked with the name and the `auth`", () => {
    const asked: unknown[] = [];
    askAcceptance((name, auth, next) => next(asked.push(name, auth) > 2, true), "/a", { t: 1 }, LIMIT);
    expect(asked).toEqual(["/a", { t: 1 }]);
  });
});

describe("a function that answers later", () => {
  test.each([
    ["accepts", true],
    ["refuses", false],
  ])("%s once", async (_how, isAccepted) => {
    const { acceptance, next } = waiting();
    next(null, isAccepted);
    next(null, !isAccepted);
    expect(await acceptance).toBe(isAccepted);
  });

  test("fails at the end of its time", async () => {
    const { acceptance, next } = waiting();
    vi.advanceTimersByTime(2 * LIMIT);
    next(null, true);
    expect(await acceptance).toEqual(LATE);
  });

  test("is late although its timer has not run", async () => {
    const { acceptance, next } = waiting();
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockReturnValue(now + LIMIT);
    next(null, true);
    clock.mockRestore();
    expect(await acceptance).toEqual(LATE);
  });

  test("keeps no wait behind its answer", async () => {
    const { acceptance, next } = waiting();
    next(null, true);
    await acceptance;
    vi.advanceTimersByTime(LIMIT / 2);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("fails when its promise rejects", async () => {
    expect(await waiting(Promise.reject(down)).acceptance).toEqual(FAILED);
  });

  test("is waited for behind its promise", async () => {
    const { acceptance, next } = waiting(Promise.resolve());
    await Promise.resolve();
    next(null, true);
    expect(await acceptance).toBe(true);
  });

  test("is no promise with a `then` alone", async () => {
    const { acceptance, next } = waiting({
      // biome-ignore lint/suspicious/noThenProperty: what is no promise is not awaited
      then: () => {
        throw down;
      },
    });
    next(null, true);
    expect(await acceptance).toBe(true);
  });
});
