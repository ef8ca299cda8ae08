import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { findPages } from "./pages.js";

const folder = new URL("../docs/recipes/", import.meta.url);
/** A block that `npm run integrations` runs, because its packages are not installed here. */
const BLOCK = /^```ts (.*)\n([\s\S]*?)^```/gm;
/** A line that a client of a recipe prints. */
const PROMISE = /^console\.log\([\s\S]*?\);\n\/\/ /gm;

const programs = readdirSync(folder).flatMap((page) => {
  const blocks = [...readFileSync(new URL(page, folder), "utf8").matchAll(BLOCK)].map(([, name = "", source = ""]) => ({
    name,
    source,
  }));
  const folders = new Set(blocks.map(({ name }) => dirname(name)));
  if (folders.size > 1) folders.delete(".");
  return [...folders].map((of) => ({
    program: `${page} ${of}`,
    blocks: blocks.filter(({ name }) => [of, "."].includes(dirname(name))),
  }));
});

test("there are recipes with packages of others", () => {
  expect(programs.length).toBeGreaterThan(0);
});

test.each(programs)("$program: a server with its client, a program, or a test", ({ blocks }) => {
  const names = blocks.map(({ name }) => name.replace(/^.*\//, "")).sort();
  if (names.some((name) => name.endsWith(".test.ts"))) return;
  expect([["client.ts", "server.ts"], ["program.ts"]]).toContainEqual(names);
  const [asking] = blocks.filter(({ name }) => /(?:client|program)\.ts$/.test(name));
  // Of a client: allowed, refused, and a refused connection.
  expect(asking?.source.match(PROMISE)?.length).toBeGreaterThanOrEqual(names.length === 2 ? 3 : 1);
});

test("the compared servers have as many lines as the page says", () => {
  const text = readFileSync(new URL("compared.md", folder), "utf8");
  const lines = [...text.matchAll(BLOCK)]
    .filter(([, name = ""]) => name.endsWith("server.ts"))
    .map(([, , source = ""]) => source.trim().split("\n").length);
  expect(text).toContain(`| lines of the server | ${lines.join(" | ")} |`);
});

test("no other page has such a block", () => {
  const others = findPages().filter(({ file, text }) => !file.includes("/docs/recipes/") && text.match(BLOCK));
  expect(others.map(({ file }) => file)).toEqual([]);
});
