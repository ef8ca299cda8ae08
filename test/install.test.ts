import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findPages } from "./pages.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const NOTE =
  /^> Nothing is released yet\. Until then, clone the repository and run `([^`]+)` in it.+ run there `npm install ([^`]+)`/m;
const FILE = /\.\.\/portcullis\/portcullis-([\w-]+)-\*\.tgz/g;

/** The pages that install packages of this repository, with the first command that does so. */
const pages = findPages().flatMap(({ file, text }) => {
  const [, command] = /^```sh\n(npm install .*@portcullis\/.*)$/m.exec(text) ?? [];
  const name = relative(root, file);
  return command === undefined || name === "CONTRIBUTING.md" ? [] : [{ name, text, command }];
});

test("there are pages with an installation", () => {
  expect(pages.length).toBeGreaterThan(8);
});

test.each(pages)("$name: installs unreleased packages from packed files", ({ text, command }) => {
  const [note = "", build, files = ""] = NOTE.exec(text) ?? [];
  expect(build).toBe("npm ci && npm run build && npm pack -w packages");
  expect(text.indexOf(note)).toBeLessThan(text.indexOf(command));
  const packed = files.replaceAll(FILE, "@portcullis/$1").split(" ");
  // The other packages depend on the core, which npm would look for in the registry.
  const wanted = new Set(["@portcullis/core", ...command.replace("npm install ", "").split(" ")]);
  expect(packed.sort()).toEqual([...wanted].sort());
});

test.each(findPages().map(({ file, text }) => ({ name: relative(root, file), text })))(
  "$name: no package is installed from a folder",
  ({ text }) => {
    expect(text).not.toMatch(/npm install [^\n`]*packages\//);
  },
);
