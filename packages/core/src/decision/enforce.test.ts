import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { uncaughtOf } from "../../../../test/helpers.js";
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
  ["an answer of false in `then`", () => void verbs.isAllowed(denied).then((isAllowed) => !isAllowed)],
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

test("the promises of the verbs answer as plain ones do", async () => {
  const asked = verbs.isAllowed(allowed);
  expect(asked).toBeInstanceOf(Promise);
  expect([await asked, await asked.then((value) => !value), await asked.finally(() => {})]).toEqual([
    true,
    false,
    true,
  ]);
  await expect(verbs.enforce(denied).finally(() => {})).rejects.toMatchObject({ code: "permission_denied" });
  expect(await verbs.enforce(denied).then(undefined, () => "caught")).toBe("caught");
  expect([await asked.then(), await asked.then(undefined, () => "caught")]).toEqual([true, true]);
});

const own = new Error("of the application");
const throwOwn = () => {
  throw own;
};

describe("a chain that nothing awaits", () => {
  test.each<[string, () => unknown]>([
    ["then", () => verbs.enforce(denied).then(() => {})],
    ["then without callbacks", () => verbs.enforce(Promise.resolve(denied)).then()],
    ["finally", () => verbs.enforce(denied).finally(() => {})],
    ["an async finally", () => verbs.enforce(denied).finally(async () => {})],
    [
      "a long one",
      () =>
        verbs
          .enforce(denied)
          .then(throwOwn)
          .finally(async () => 1)
          .then(throwOwn),
    ],
  ])("%s ends no process, and is told", async (_name, ask) => {
    await uncaughtOf(async (thrown) => {
      void ask();
      await turn();
      expect(thrown).toEqual([]);
    });
    expect(printed).toHaveBeenCalledTimes(1);
  });

  test.each<[string, () => unknown]>([
    ["another verb in then", () => verbs.enforce(allowed).then(() => verbs.enforce(denied))],
    ["a rethrown refusal", () => verbs.enforce(denied).catch((error) => Promise.reject(error))],
  ])("%s ends no process", async (_name, ask) => {
    await uncaughtOf(async (thrown) => {
      void ask();
      await turn();
      expect(thrown).toEqual([]);
    });
  });

  test.each<[string, () => unknown]>([
    ["then", () => verbs.enforce(allowed).then(throwOwn)],
    ["catch", () => verbs.enforce(denied).catch(throwOwn)],
    ["finally", () => verbs.enforce(denied).finally(throwOwn)],
    ["then of can", () => verbs.isAllowed(denied).then(async () => throwOwn())],
  ])("an error of the application in %s stays unhandled", async (_name, ask) => {
    await uncaughtOf(async (thrown) => {
      void ask();
      await turn();
      expect(thrown).toEqual([own]);
    });
  });
});

test("an error of the application that is caught is handled", async () => {
  await uncaughtOf(async (thrown) => {
    const asked = verbs.enforce(allowed).then(throwOwn);
    await expect(asked).rejects.toBe(own);
    await turn();
    expect(thrown).toEqual([]);
  });
});
