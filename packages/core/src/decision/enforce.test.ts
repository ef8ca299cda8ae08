import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDecision } from "./decision.js";
import type { MaybeDecision } from "./decision-types.js";
import { enforce, isAllowed } from "./enforce.js";

const allowed = createDecision("allow", "allowed");
const denied = createDecision("deny", "permission_denied");
const printed = vi.spyOn(console, "error").mockImplementation(() => {});
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
/** Of each test: it has not warned yet. */
let warned: Set<string>;
const verbs = {
  enforce: (decision: MaybeDecision) => enforce(decision, warned),
  isAllowed: (decision: MaybeDecision) => isAllowed(decision, warned),
};

beforeEach(() => {
  warned = new Set();
});
afterEach(() => printed.mockClear());

test.each(["isAllowed", "enforce"] as const)("%s that refuses and is not awaited is told once", async (name) => {
  void verbs[name](denied);
  void verbs[name](Promise.resolve(denied));
  await turn();
  void verbs[name](denied);
  await turn();
  const verb = name === "enforce" ? "authorize" : "can";
  expect(printed.mock.calls).toEqual([
    [`portcullis: ${verb}() has refused, and nothing awaited it: write \`await\` before it`],
  ]);
});

test.each(["isAllowed", "enforce"] as const)("%s that allows needs no await", async (name) => {
  void verbs[name](allowed);
  void verbs[name](Promise.resolve(allowed));
  await turn();
  expect(printed).not.toHaveBeenCalled();
});

test.each<[string, () => unknown]>([
  ["an allow", () => verbs.enforce(allowed)],
  ["an answer of true", () => verbs.isAllowed(Promise.resolve(allowed))],
  ["an awaited refusal", async () => verbs.enforce(denied).catch(() => {})],
  ["a refusal in Promise.all", () => Promise.allSettled([verbs.enforce(denied), verbs.isAllowed(denied)])],
  ["a returned refusal", async () => (async () => verbs.isAllowed(denied))()],
  [
    "a refusal that is awaited after another promise",
    async () => {
      const asked = verbs.isAllowed(denied);
      await Promise.resolve();
      await asked;
    },
  ],
])("nothing is told of %s", async (_name, ask) => {
  await ask();
  await turn();
  expect(printed).not.toHaveBeenCalled();
});

test("a refusal that is awaited at once costs no timer", async () => {
  const timer = vi.spyOn(globalThis, "setTimeout");
  expect(await verbs.isAllowed(denied)).toBe(false);
  await verbs.enforce(Promise.resolve(denied)).catch(() => {});
  expect(timer).not.toHaveBeenCalled();
  timer.mockRestore();
});

test("the promises of the verbs are plain ones behind `then`", async () => {
  const asked = verbs.isAllowed(allowed);
  expect(asked).toBeInstanceOf(Promise);
  const then = asked.then((value) => !value);
  expect(then.constructor).toBe(Promise);
  expect([await asked, await then, await asked.finally(() => {})]).toEqual([true, false, true]);
});
