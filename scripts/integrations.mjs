// @ts-check
// Packs what is published, installs it into a copy of each project of `integrations/` as a user would, builds and runs it.
//
//   npm run integrations                        at the root: builds first
//   npm run integrations -- node-esm nodenext   some of them
//   npm run integrations -- --keep              leaves the copies, and says where
//
// Fails where a project does not install, type-check, build or run.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const projects = join(root, "integrations");

/**
 * Runs a program and gives what it printed.
 *
 * @param {string} folder
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {string}
 * @throws {Error} With all it printed, when it fails.
 */
export function run(folder, program, args) {
  const isShell = process.platform === "win32";
  // What npm tells the scripts it runs is about this repository, not about the copy.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_/.test(name)),
  );
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    env,
    encoding: "utf8",
    shell: isShell,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Packs all packages that are published.
 *
 * @param {string} folder where the tarballs go
 * @returns {{ name: string, file: string }[]}
 */
export function packAll(folder) {
  mkdirSync(folder, { recursive: true });
  const packages = readdirSync(join(root, "packages")).map((name) => `./packages/${name}`);
  const printed = run(root, "npm", ["pack", ...packages, "--json", "--pack-destination", folder]);
  return JSON.parse(printed).map((/** @type {{ name: string, filename: string }} */ { name, filename }) => ({
    name,
    file: join(folder, filename),
  }));
}

/** Installs the tarballs, and what the project names itself. @param {string} folder @param {ReturnType<typeof packAll>} packed */
function install(folder, packed) {
  const file = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  for (const one of packed) manifest.dependencies[one.name] = pathToFileURL(one.file).href;
  writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"]);
}

/** @param {string} name @param {string} folder @param {ReturnType<typeof packAll>} packed */
function tryProject(name, folder, packed) {
  cpSync(join(projects, name), folder, { recursive: true });
  install(folder, packed);
  const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const script of ["typecheck", "build", "start"]) {
    if (!(script in scripts)) continue;
    const printed = run(folder, "npm", ["run", "--silent", script]).trim();
    console.log(`  ${script}: ${printed === "" ? "done" : printed.replaceAll("\n", "\n    ")}`);
  }
}

function main() {
  const { values, positionals } = parseArgs({ options: { keep: { type: "boolean" } }, allowPositionals: true });
  const all = readdirSync(projects).filter((name) => existsSync(join(projects, name, "package.json")));
  const chosen = positionals.length > 0 ? positionals : all;
  const unknown = chosen.filter((name) => !existsSync(join(projects, name, "package.json")));
  if (unknown.length > 0) throw new Error(`there is no integrations/${unknown.join(", ")}`);
  const folder = mkdtempSync(join(tmpdir(), "portcullis-integrations-"));
  try {
    const packed = packAll(join(folder, "packed"));
    for (const name of chosen) {
      console.log(name);
      try {
        tryProject(name, join(folder, name), packed);
      } catch (error) {
        console.log(`  FAILED: ${error instanceof Error ? error.message : error}`);
        process.exitCode = 1;
      }
    }
  } finally {
    if (values.keep) console.log(folder);
    else rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
