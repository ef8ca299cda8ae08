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
  expect(programs.length).toBeGreaterThan(5);
});

test.each(programs)("$program: a server and a client that prints what the page says", ({ blocks }) => {
  expect(blocks.map(({ name }) => name.replace(/^.*\//, "")).sort()).toEqual(["client.ts", "server.ts"]);
  const client = blocks.find(({ name }) => name.endsWith("client.ts"));
  // Allowed, refused, and a refused connection.
  expect(client?.source.match(PROMISE)?.length).toBeGreaterThanOrEqual(3);
});

test("no other page has such a block", () => {
  const others = findPages().filter(({ file, text }) => !file.includes("/docs/recipes/") && text.match(BLOCK));
  expect(others.map(({ file }) => file)).toEqual([]);
});
