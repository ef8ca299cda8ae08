// @ts-check
// Writes JavaScript beside the TypeScript of all packages, so that a worker can load what is mutated without a bundler.
// Runs in the copy of the repository that Stryker makes, never in the repository itself.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { transformWithOxc } from "vite";

if (!process.cwd().includes(".stryker")) throw new Error("run by Stryker, in its copy of the repository");

/** Source folders of the packages that import each other by name. */
function entryOf(/** @type {string} */ name, entry = "index") {
  return pathToFileURL(resolve("packages", name, "src", `${entry}.js`)).href;
}

const files = ["packages", "test"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
);
for (const file of files.filter((path) => /\.ts$/.test(path) && !/node_modules|\.d\.ts$|\.test-d\.ts$/.test(path))) {
  const { code } = await transformWithOxc(readFileSync(file, "utf8"), file, { target: "es2022", sourcemap: false });
  const linked = code.replace(
    /(["'])@portcullis\/([a-z-]+)(?:\/([a-z-]+))?\1/g,
    (_, quote, name, entry) => quote + entryOf(name, entry) + quote,
  );
  writeFileSync(file.replace(/\.ts$/, ".js"), linked);
}
