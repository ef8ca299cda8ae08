import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

/** V8 inlines no function with more bytes of bytecode (`--max-inlined-bytecode-size`). */
const LONGEST_INLINED = 460;

const QUESTION = `
  import { AllowAny, definePolicy } from "@portcullis/core";
  const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
  definePolicy({ actions: { ping: AllowAny } }).decide({ user: null }, consumer, "ping");
`;

// A decision took a ninth more time when the loop over the rules was longer than that.
test("V8 can inline every function named decide", () => {
  const flags = ["--print-bytecode", "--print-bytecode-filter=decide", "--input-type=module"];
  const printed = execFileSync(process.execPath, [...flags, "--eval", QUESTION], { encoding: "utf8" });
  const lengths = [...printed.matchAll(/^Bytecode length: (\d+)$/gm)].map(([, length]) => Number(length));
  // The policy's and the one of its stages.
  expect(lengths).toHaveLength(2);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(LONGEST_INLINED);
});
