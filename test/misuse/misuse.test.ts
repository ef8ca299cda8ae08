import { fileURLToPath } from "node:url";
import { PermissionMisuse } from "@portcullis/core";
import { beforeAll, expect, test } from "vitest";
import { compileMistakes } from "../../integrations/nodenext/compile-mistakes.mjs";
import { MISTAKES as COMPILED } from "../../integrations/nodenext/mistakes.mjs";
import tsconfig from "../../tsconfig.json" with { type: "json" };
import { MISTAKES } from "./cases.js";
import { make } from "./run.js";

/** Phrases that introduce a correction. */
const ADVICE =
  /: (?:guard it once|was it imported)|(?::|,|, or) (?:add|answer|give|write|wrap|call|name|extend|leave|return|replace|use|the (?:options|parts) are)\b|, as in /;

const rows = Object.values(MISTAKES).flat();
let compiled: ReturnType<typeof compileMistakes>;

beforeAll(() => {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const paths = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file = ""]]) => [name, [fromRoot(file)]]);
  compiled = compileMistakes({
    compiler: fromRoot("node_modules/typescript/bin/tsc"),
    folder: fromRoot("test/.mistakes"),
    options: { paths: Object.fromEntries(paths) },
  });
}, 300_000);

test("there are more than a few", () => {
  expect(rows.length).toBeGreaterThan(80);
  expect(new Set(rows).size).toBe(rows.length);
});

test.each(rows)("the error of %s has a correction", async (mistake) => {
  const error = await make(mistake);
  expect(error).toBeInstanceOf(PermissionMisuse);
  expect((error as PermissionMisuse).message).toMatch(ADVICE);
});

test("the last line of every compiler error has a correction", () => {
  expect(compiled.filter(({ isExplained }) => !isExplained)).toEqual([]);
});

test("docs/mistakes.md lists the mistakes with their errors", async () => {
  await expect(await page()).toMatchFileSnapshot("../../docs/mistakes.md");
});

async function page(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(MISTAKES).map(async ([title, mistakes]) => {
      const told = await Promise.all(mistakes.map(async (mistake) => [mistake, await make(mistake)] as const));
      const rows = told.map(([mistake, error]) => `| ${codeOf(mistake)} | ${cell((error as Error).message)} |`);
      return section(title, "error", rows);
    }),
  );
  const topics = Object.entries(COMPILED).map(([title, mistakes]) => {
    const told = compiled.filter(({ code }) => code in mistakes);
    return section(
      title,
      "last line of the error",
      told.map(({ code, last }) => `| ${codeOf(code)} | ${cell(last)} |`),
    );
  });
  return `# Error messages

A mistake in the rules or the options throws a \`PermissionMisuse\` as early as possible, in most cases while the server
starts. Its message contains the correction. A rule that returns an invalid value is noticed when it runs. The client is then
refused, and \`onDecision\` gets the error. Without \`onDecision\` the error is printed.

${sections.join("\n")}
## At compile time

TypeScript finds these mistakes before anything runs. The last line of its error says what to write. Its advice is the same
in every TypeScript from 5.4 on, though types are printed differently.

An action that is named in code must be one of the policy. A name that is known at run time only has the type \`string\`, and
any is accepted: \`policy.can(scope, consumer, message.action)\`.

In these lines \`ofRoles\` is a policy with \`HasRole\`. \`policy\` has \`IsAuthenticated\`. \`app\`, \`ofUser\` and \`chat\` have the scope
\`Scope & { user: { id: number; name: string } | null }\`.

${topics.join("\n").replaceAll(/^## /gm, "### ")}`;
}

function section(title: string, column: string, rows: readonly string[]): string {
  return `## ${title}\n\n| code | ${column} |\n|---|---|\n${rows.join("\n")}\n`;
}

/** The code of a mistake. */
function codeOf(mistake: string): string {
  const [, asked = mistake] = /^(?:ask|post)\((.*)\)$/.exec(mistake) ?? [];
  return `\`${asked.replaceAll(/\b(guard|serve)(?:Ws|Io)\b/g, "$1").replaceAll("|", "\\|")}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
