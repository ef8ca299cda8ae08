import { expect, test } from "vitest";
import { asyncRules } from "../bench/decide/async-rules.mjs";
import { fiftyTrees } from "../bench/decide/fifty-trees.mjs";
import { deepTrees, orOfAndsTrees, wideTrees } from "../bench/decide/large-trees.mjs";
import { oneTree } from "../bench/decide/one-tree.mjs";
import { sessions } from "../bench/decide/sessions.mjs";
import { verify } from "../bench/lib/measure.mjs";

const SECTIONS = [oneTree("One tree"), fiftyTrees, wideTrees, deepTrees, ...orOfAndsTrees, asyncRules, sessions];

// A contender that refuses everything is fast.
test.each(SECTIONS)("benchmark answers as expected: $title", async ({ contenders, expected }) => {
  await expect(verify(contenders, expected)).resolves.toBeUndefined();
});

test("a contender with a wrong answer is caught", async () => {
  const wrong = { name: "wrong", ask: () => true };
  await expect(verify([wrong], [true, false])).rejects.toThrow("wrong answers true to question 1");
});
