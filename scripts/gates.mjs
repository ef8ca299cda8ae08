// @ts-check
// The gates that a package passes before it is published, beside those of `npm test`.
//   npm run gates                 runs them all
//   npm run gates -- size knip    runs those
//   npm run gates -- --self-test       shows that each shuts: plants what it is there to find, in a copy of the repository
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * @typedef {object} Gate
 * @property {string} name
 * @property {string} asks
 * @property {string} command of a shell, at the root of the repository
 * @property {(folder: string) => void} plant what it must find, in a copy of the repository
 */

/**
 * @param {string} file
 * @param {(text: string) => string} change
 */
const edit = (file, change) => {
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`nothing was planted in ${file}`);
  writeFileSync(file, after);
};
const manifest = "packages/core/package.json";

/** @type {Gate[]} */
const GATES = [
  {
    name: "publint",
    asks: "what is published is well-formed",
    command: "npx publint --strict packages/core",
    plant: (folder) => edit(join(folder, manifest), (text) => text.replace("./dist/explain.js", "./dist/missing.js")),
  },
  {
    name: "attw",
    asks: "types are right for every way to import",
    command: "cd packages/core && npx attw --pack . --profile node16",
    plant: (folder) =>
      edit(join(folder, manifest), (text) => text.replaceAll("./dist/explain.d.cts", "./dist/explain.d.ts")),
  },
  {
    name: "size",
    asks: "no entry grows beyond its limit",
    command: "npx size-limit",
    plant: (folder) =>
      edit(join(folder, ".size-limit.mjs"), (text) => text.replace(/limit: "[\d.]+ kB"/, 'limit: "1 kB"')),
  },
  {
    name: "knip",
    asks: "nothing is left over",
    command: "npx knip",
    plant: (folder) => writeFileSync(join(folder, "packages/core/src/left-over.ts"), "export const leftOver = 1;\n"),
  },
  {
    name: "cycles",
    asks: "no file imports itself by way of others",
    command: "npx biome lint --error-on-warnings packages apps scripts test",
    plant: (folder) => {
      edit(
        join(folder, "packages/core/src/util/thenable.ts"),
        (text) => `import type { Context } from "./async-context.js";\n${text}export type Planted = Context;\n`,
      );
      edit(
        join(folder, "packages/core/src/util/async-context.ts"),
        (text) => `import type { Planted } from "./thenable.js";\n${text}export type Second = Planted;\n`,
      );
    },
  },
  {
    name: "layers",
    asks: "no file imports from a folder above its own",
    command: "npx biome lint --error-on-warnings --only=style/noRestrictedImports packages",
    plant: (folder) =>
      edit(
        join(folder, "packages/core/src/util/thenable.ts"),
        (text) => `import type { Gate } from "../guard/gate.js";\n${text}export type Planted = Gate<never>;\n`,
      ),
  },
  {
    name: "parameters",
    asks: "no function has more than four parameters",
    command: "npx biome lint --error-on-warnings packages",
    plant: (folder) =>
      edit(
        join(folder, "packages/core/src/util/thenable.ts"),
        (text) => `${text}export const planted = (a: 1, b: 1, c: 1, d: 1, e: 1) => a + b + c + d + e;\n`,
      ),
  },
  {
    name: "structure",
    asks: "classes and files are small, import chains short, names those of the field",
    command: "node scripts/structure.mjs",
    plant: (folder) =>
      edit(join(folder, "packages/core/src/util/thenable.ts"), (text) => `${text}export class Lifeline {}\n`),
  },
  {
    name: "code",
    asks: "the adapter for crossws has at most 300 lines of code",
    command: "node scripts/structure.mjs",
    plant: (folder) =>
      edit(
        join(folder, "packages/adapter-crossws/src/peers.ts"),
        (text) => text + Array.from({ length: 100 }, (_, at) => `export const planted${at} = ${at};\n`).join(""),
      ),
  },
  {
    name: "core",
    asks: "the core imports nothing",
    command: "npx biome lint --error-on-warnings packages/core/src",
    plant: (folder) => edit(join(folder, "packages/core/src/util/thenable.ts"), (text) => `import "node:fs";\n${text}`),
  },
  {
    name: "api",
    asks: "the reports of the public types are those of the types",
    command: "node scripts/api.mjs --check",
    plant: (folder) =>
      edit(join(folder, "packages/core/api/explain.api.md"), (text) =>
        text.replace("```ts\n", "```ts\n\nexport function planted(): void;\n"),
      ),
  },
  {
    name: "licences",
    asks: "what is published brings along only what anybody may use",
    command: "node scripts/licences.mjs",
    plant: (folder) =>
      edit(join(folder, "package-lock.json"), (text) => {
        const lock = JSON.parse(text);
        lock.packages["node_modules/ws"].license = "AGPL-3.0";
        return JSON.stringify(lock);
      }),
  },
  {
    name: "coverage",
    asks: "the core is covered wholly",
    command: "npx vitest run --coverage --typecheck.enabled=false packages/core",
    plant: (folder) =>
      edit(join(folder, "packages/core/src/util/thenable.ts"), (text) => `${text}export const uncovered = () => 1;\n`),
  },
  {
    name: "site",
    asks: "the site builds without a warning or a dead link",
    command: "npm run docs",
    plant: (folder) => edit(join(folder, "docs/recipes/index.md"), (text) => `${text}\n[gone](gone.md)\n`),
  },
  {
    name: "changeset",
    asks: "a change of a package has a changeset",
    command: "npx changeset status --since=gate-base",
    plant: (folder) => {
      edit(join(folder, "packages/core/src/util/thenable.ts"), (text) => `${text}\n`);
      git(folder, "commit", "--all", "--quiet", "--message", "Change without a changeset");
    },
  },
];

/**
 * @param {string} folder
 * @param {...string} args
 */
function git(folder, ...args) {
  const who = ["-c", "user.name=gate", "-c", "user.email=gate@localhost"];
  const { status, stderr } = spawnSync("git", [...who, ...args], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/**
 * @param {Gate} gate
 * @param {string} folder
 */
const passes = ({ command }, folder) =>
  spawnSync(command, { cwd: folder, shell: true, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });

/**
 * Links each installed package. The workspaces are linked as in the repository, so that they lead into the copy: Biome
 * panics at a file outside of it that is not ignored.
 *
 * @param {string} folder
 */
function linkInstalled(folder) {
  const installed = join(folder, "node_modules");
  mkdirSync(installed);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name === "@portcullis") {
      cpSync(join(root, "node_modules", name), join(installed, name), { recursive: true, verbatimSymlinks: true });
    } else symlinkSync(join(root, "node_modules", name), join(installed, name));
  }
}

/** A copy of the repository as it is, with what is installed and built. */
function copyRepository() {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-gates-"));
  const skipped =
    /^(?:node_modules|\.git|\.turbo|coverage|\.stryker-tmp)$|^docs\/reference$|\.vitepress\/(?:cache|dist)/;
  cpSync(root, folder, {
    recursive: true,
    filter: (path) => !skipped.test(path.slice(root.length)),
    verbatimSymlinks: true,
    // Tells whether a folder with packages of its own has those of its lockfile.
    preserveTimestamps: true,
  });
  linkInstalled(folder);
  git(folder, "init", "--quiet");
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "Base");
  git(folder, "branch", "gate-base");
  return folder;
}

/**
 * Tells whether a gate passes on the repository as it is, and fails on one with a planted fault.
 *
 * @param {Gate} gate
 */
function failsWhenPlanted(gate) {
  const folder = copyRepository();
  try {
    if (passes(gate, folder).status !== 0) return false;
    gate.plant(folder);
    return passes(gate, folder).status !== 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const names = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isSelfTest = process.argv.includes("--self-test");
const unknown = names.filter((name) => !GATES.some((gate) => gate.name === name));
if (unknown.length > 0)
  throw new Error(`there is no gate ${unknown.join(", ")}: they are ${GATES.map(({ name }) => name).join(", ")}`);

for (const gate of GATES) {
  if (names.length > 0 && !names.includes(gate.name)) continue;
  if (isSelfTest) {
    const isShut = failsWhenPlanted(gate);
    console.log(`${isShut ? "shuts  " : "FAILED "} ${gate.name}: ${gate.asks}`);
    if (!isShut) process.exitCode = 1;
    continue;
  }
  // Only a branch can miss a changeset.
  if (gate.name === "changeset") continue;
  const { status, stdout, stderr } = passes(gate, root);
  console.log(`${status === 0 ? "passed " : "FAILED "} ${gate.name}: ${gate.asks}`);
  if (status !== 0) {
    console.log(stdout, stderr);
    process.exitCode = 1;
  }
}
