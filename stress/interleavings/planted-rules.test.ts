import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PLANTED_IN_LOG } from "../continuity/planted-rules.mjs";
import { PLANTED } from "./planted-rules.mjs";

const packages = new URL("../../packages/", import.meta.url);

describe("a rule that is planted", () => {
  test.each([...PLANTED, ...PLANTED_IN_LOG])("quotes one place of the sources: $rule", ({ file, from, to }) => {
    const places = readFileSync(new URL(file, packages), "utf8").split(from).length - 1;
    expect(places, `places in ${file} of: ${from}`).toBe(1);
    expect(to).not.toBe(from);
  });
});
