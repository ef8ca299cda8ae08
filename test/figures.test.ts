import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { figureSections, withFigures } from "./figures.js";

const evidence = fileURLToPath(new URL("../docs/evidence.md", import.meta.url));

test("docs/evidence.md has the figures of bench/results and their commands", async () => {
  expect(figureSections().split("\n").length).toBeGreaterThan(20);
  await expect(withFigures(evidence)).toMatchFileSnapshot(evidence);
});
