import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AllowAny, definePolicy } from "../index.js";
import { createGuard } from "./create-guard.js";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const policy = definePolicy({ permissions: AllowAny });

beforeEach(() => {
  warn.mockClear();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const guard = (problems: readonly string[], options: object = { hints: true }) =>
  createGuard({
    caller: "guard()",
    rules: policy,
    options,
    attach: () => ({ sessionOf: () => undefined, audit: () => problems }),
  });

test("a part that is not guarded is told once, after the setup", () => {
  const problems: string[] = [];
  guard(problems);
  guard(problems);
  problems.push('the namespace "/" is not guarded');
  vi.advanceTimersByTime(1_000);
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    'portcullis: audit() found that the namespace "/" is not guarded. This is printed once; `hints: false` turns it off.',
  );
});

test("a guarded server is told nothing of", () => {
  guard([]);
  vi.advanceTimersByTime(1_000);
  expect(warn).not.toHaveBeenCalled();
});

test("without hints nothing is told", () => {
  guard(["the namespace is open"], {});
  guard(["the namespace is open"], { hints: false });
  vi.advanceTimersByTime(1_000);
  expect(warn).not.toHaveBeenCalled();
});

test("a runtime without timers during the setup is no obstacle", () => {
  vi.stubGlobal("setTimeout", () => {
    throw new Error("disallowed");
  });
  expect(() => guard(["x"])).not.toThrow();
});
