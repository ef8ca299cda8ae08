import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { figuresTable, withFigures } from "./figures.js";

const guide = fileURLToPath(new URL("../docs/security.md", import.meta.url));

test("docs/security.md has the figures of bench/results", async () => {
  expect(figuresTable().split("\n").length).toBeGreaterThan(2);
  await expect(withFigures(guide)).toMatchFileSnapshot(guide);
});
