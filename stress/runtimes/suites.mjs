// @ts-check
// Runs the suites of the packages, as built, in one runtime.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { builtSuites } from "../../scripts/built-suites.mjs";
import { environmentOf, startOf } from "./runtimes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
/** Milliseconds without progress after which a run has failed. */
const LIMIT = 25 * 60_000;

export const PACKAGES = [
  "core",
  "testing",
  "adapter-ws",
  "adapter-socketio",
  "adapter-crossws",
  "adapter-express-bridge",
  "revocations",
];

/**
 * @typedef {object} SuiteResult
 * @property {number} built tests that passed on what is published
 * @property {number} sources tests of internal modules that passed
 * @property {number} skipped
 * @property {{ file: string, title: string, message: string }[]} failed
 * @property {string} [day] of the run that was kept, as `2026-11-30`
 */

/**
 * Runs the suite of one package. A test that fails is tried up to five times more: some wait for the clock on a machine that may be
 * busy.
 *
 * @param {import("./runtimes.mjs").Runtime} runtime
 * @param {string} name of the package
 * @returns {Promise<SuiteResult>}
 */
export async function runSuite(runtime, name) {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-suite-"));
  const report = join(folder, "vitest.json");
  const [program, ...flags] = startOf(runtime);
  const args = [...flags, vitest, "run", `packages/${name}/`, "--retry=5", "--reporter=json", `--outputFile=${report}`];
  const env = {
    ...environmentOf(runtime),
    // No snapshot is written.
    CI: "1",
    PORTCULLIS_BUILT: "1",
    // A test that starts `node` gets this runtime too.
    PATH: `${dirname(program)}${delimiter}${process.env.PATH}`,
  };
  try {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "ignore", "pipe"], timeout: LIMIT });
    let told = "";
    child.stderr.on("data", (chunk) => {
      told = (told + chunk).slice(-4000);
    });
    await once(child, "close");
    if (!existsSync(report)) throw new Error(`${runtime.name} ${runtime.version} ran no suite of ${name}:\n${told}`);
    return await count(JSON.parse(readFileSync(report, "utf8")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {{ testResults: { name: string, message: string, assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} report */
async function count(report) {
  const { built } = await builtSuites();
  /** @type {SuiteResult} */
  const result = { built: 0, sources: 0, skipped: 0, failed: [] };
  for (const { name, message, assertionResults } of report.testResults) {
    const file = relative(root, name).replaceAll(sep, "/");
    if (assertionResults.length === 0) result.failed.push({ file, title: "the file loads", message });
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status === "passed") result[built.includes(file) ? "built" : "sources"]++;
      else if (status !== "failed") result.skipped++;
      else result.failed.push({ file, title: fullName, message: failureMessages[0]?.split("\n")[0] ?? "" });
    }
  }
  return result;
}
