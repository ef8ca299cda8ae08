import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { explained } from "./survivors.mjs";

test("every survivor that is explained is still in the sources", () => {
  const list = [...explained().keys()];
  const gone = list.filter((key) => {
    const [, file = "", before = ""] = key.match(/^(.+?): (.+?) → /) ?? [];
    const source = readFileSync(file, "utf8").replace(/\s+/g, " ");
    return before === "" || !source.includes(before.replace(/\.\.\.$/, ""));
  });
  expect(gone).toEqual([]);
  expect(list.length).toBeGreaterThan(0);
});
