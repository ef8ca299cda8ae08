import { expect, test } from "vitest";
import { adapterConformance, supportTable } from "../src/index.js";
import { referenceHarness } from "./reference-harness.js";

test("the support table has adapters and reasons of lacks", () => {
  const table = supportTable([referenceHarness, { name: "radio", lacks: { acks: "waves do not | answer" } }]);
  const [head, rule, first, second, third, fourth, last, end] = table.split("\n");
  expect(head).toBe("|  | reference | radio |");
  expect(rule).toBe("| --- | --- | --- |");
  expect(first).toMatch(/^\| \*\*acks\*\*: .+ \| yes \| no: waves do not \\\| answer \|$/);
  expect(second).toMatch(/^\| \*\*queue\*\*: .+ \| yes \| yes \|$/);
  expect(third).toMatch(/^\| \*\*refusal before the upgrade\*\*: .+ \| yes \| yes \|$/);
  expect(fourth).toMatch(/^\| \*\*batches\*\*: .+ \| no: each text is one message \| yes \|$/);
  expect(last).toBe("| everything else of the suite | yes | yes |");
  expect(end).toBe("");
});

test("reserved names are a row when there are any", () => {
  const radio = { name: "radio", lacks: {}, reservedActions: ["over", "out"] };
  expect(supportTable([referenceHarness, radio])).toContain(
    "| names that no action can have | none | `over`, `out` |\n",
  );
  expect(supportTable([referenceHarness])).not.toContain("names that no action can have");
});

test("a lack without a reason or of an unknown ability throws", () => {
  expect(() => adapterConformance({ ...referenceHarness, lacks: { acks: "" } })).toThrow("say why");
  const unknown = { ...referenceHarness, lacks: { flying: "too heavy for it" } as never };
  expect(() => adapterConformance(unknown)).toThrow("which is no ability");
});
