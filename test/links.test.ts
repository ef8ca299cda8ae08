import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findPages, headingsOf, linksOf, type Page } from "./pages.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = findPages();

/** The problem of a link, if there is one. */
function problemOf(page: Page, { text, target }: { text: string; target: string }): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page.file : join(dirname(page.file), path);
  if (relative(root, file).startsWith("..")) return `${target} leaves the repository`;
  if (!existsSync(file)) return `${target} does not exist`;
  if (anchor !== undefined && !headingsOf(file).includes(anchor)) return `${target}: there is no such heading`;
  // A link to a test names the test by its title.
  const isTest = /packages\/.*(?:\.test\.ts|\/conformance\/.*\.ts)$/.test(file);
  if (isTest && !/\.ts$/.test(text) && !readFileSync(file, "utf8").includes(text))
    return `${target} has no test "${text}"`;
  return undefined;
}

test("there are pages", () => {
  expect(pages.length).toBeGreaterThan(20);
});

test.each(pages.map((page) => ({ name: relative(root, page.file), page })))(
  "$name: every link has a target",
  ({ page }) => {
    expect(linksOf(page).flatMap((link) => problemOf(page, link) ?? [])).toEqual([]);
  },
);

test.each(pages.map((page) => ({ name: relative(root, page.file), page })).filter(({ name }) => isPublished(name)))(
  "$name: no link needs the repository",
  ({ page }) => {
    expect(linksOf(page).filter(({ target }) => !target.startsWith("#"))).toEqual([]);
  },
);

/** True for a README that npm shows, where a relative link leads nowhere. */
function isPublished(name: string): boolean {
  return /^packages\/[^/]+\/README\.md$/.test(name);
}

test.each(pages.map((page) => ({ name: relative(root, page.file), page })))(
  "$name: every command exists",
  ({ page }) => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const unknown = [...page.text.matchAll(/npm (?:run ([\w:-]+)|(start|test))([^\n`|#&]*)/g)].flatMap(
      ([command, run, short, rest = ""]) => {
        const [, folder] = /--workspace[ =](\S+)/.exec(rest) ?? [];
        const inFolder = /in `bench\/`/.test(page.text) && run !== undefined && run in scriptsOf("bench");
        const known = folder === undefined ? scripts : scriptsOf(folder);
        return (run ?? short ?? "") in known || inFolder ? [] : [command];
      },
    );
    expect(unknown).toEqual([]);
  },
);

/** The scripts of a workspace, by its folder or its name. */
function scriptsOf(place: string): Record<string, string> {
  const manifests = ["packages", "apps", "examples"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .concat("bench", "docs", "stress")
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) }));
  return manifests.find(({ folder, name }) => place === folder || place === name)?.scripts ?? {};
}
