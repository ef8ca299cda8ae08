import { PermissionMisuse } from "@portcullis/core";
import { expect, test } from "vitest";
import { MISTAKES } from "./cases.js";
import { make } from "./run.js";

/** Phrases that introduce a correction. */
const ADVICE =
  /: (?:guard it once|was it imported)|(?::|,|, or) (?:add|answer|give|write|wrap|call|name|extend|leave|return|replace|use|the (?:options|parts) are)\b|, as in /;

const rows = Object.values(MISTAKES).flat();

test("there are more than a few", () => {
  expect(rows.length).toBeGreaterThan(80);
  expect(new Set(rows).size).toBe(rows.length);
});

test.each(rows)("the error of %s has a correction", async (mistake) => {
  const error = await make(mistake);
  expect(error).toBeInstanceOf(PermissionMisuse);
  expect((error as PermissionMisuse).message).toMatch(ADVICE);
});

test("docs/mistakes.md lists the mistakes with their errors", async () => {
  await expect(await page()).toMatchFileSnapshot("../../docs/mistakes.md");
});

async function page(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(MISTAKES).map(async ([title, mistakes]) => {
      const told = await Promise.all(mistakes.map(async (mistake) => [mistake, await make(mistake)] as const));
      const rows = told.map(([mistake, error]) => `| ${codeOf(mistake)} | ${cell((error as Error).message)} |`);
      return `## ${title}\n\n| code | error |\n|---|---|\n${rows.join("\n")}\n`;
    }),
  );
  return `# Error messages

A mistake in the rules or the options throws a \`PermissionMisuse\` as early as possible, in most cases while the server
starts. Its message contains the correction. A rule that returns an invalid value is noticed when it runs. The client is then
refused, and \`onDecision\` gets the error. Without \`onDecision\` the error is printed.

${sections.join("\n")}`;
}

/** The code of a mistake. */
function codeOf(mistake: string): string {
  const [, asked = mistake] = /^(?:ask|post)\((.*)\)$/.exec(mistake) ?? [];
  return `\`${cell(asked.replaceAll(/\b(guard|serve)(?:Ws|Io)\b/g, "$1"))}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
