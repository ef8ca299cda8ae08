import { expect, test } from "vitest";
import { HeardContinuity } from "./heard-continuity.js";

test("what the option makes for a guard is heard", () => {
  const hook = { options: {} };
  const runtimes: unknown[] = [];
  const attach = (runtime: unknown) => {
    runtimes.push(runtime);
    return hook;
  };
  const input = { name: "continuity", "~attach": attach };
  const heard = new HeardContinuity(input as never);
  expect(heard.hook).toBeUndefined();
  const option = heard.option as unknown as typeof input;
  expect([option.name, option["~attach"]("runtime"), runtimes]).toEqual(["continuity", hook, ["runtime"]]);
  expect(heard.hook).toBe(hook);
});

test.each([[undefined], [null], [{}], ["continuity"]])("the option %j is left to the check of options", (input) => {
  const heard = new HeardContinuity(input as never);
  expect([heard.option, heard.hook]).toEqual([input, undefined]);
});
