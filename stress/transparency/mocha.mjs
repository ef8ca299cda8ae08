// @ts-check
// Runs the own tests of a package with its own mocha, guarded or not.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {"bare" | "allow" | "later"} Rule */
/** @typedef {{ name: string, arguments: readonly string[] }} Suite */

/** @type {Record<"ws" | "socketio", Suite>} */
export const SUITES = {
  ws: { name: "ws", arguments: ["--throw-deprecation", "--exit", "test/*.test.js"] },
  socketio: { name: "socketio", arguments: ["--import=tsx", "--timeout=10000", "--exit", "test/index.ts"] },
};

/** Longer than any run takes, in milliseconds. */
const PATIENCE = 600_000;

/**
 * Runs a suite once.
 *
 * @param {Suite} suite
 * @param {string} checkout The folder of the package.
 * @param {Rule} rule `bare` runs it without a guard.
 * @returns {Promise<Map<string, boolean>>} Whether each test passed, by its full title.
 */
export async function runSuite(suite, checkout, rule) {
  const mocha = mochaOf(checkout);
  const folder = mkdtempSync(join(tmpdir(), "portcullis-transparency-"));
  const report = join(folder, "report.json");
  const preload = fileURLToPath(new URL(`guard-${suite.name}.cjs`, import.meta.url));
  const guarded = rule === "bare" ? [] : [`--require=${preload}`];
  const reporter = fileURLToPath(new URL("reporter.cjs", import.meta.url));
  const child = spawn(process.execPath, [mocha, ...guarded, `--reporter=${reporter}`, ...suite.arguments], {
    cwd: checkout,
    env: { ...process.env, TRANSPARENCY_CHECKOUT: checkout, TRANSPARENCY_RULE: rule, TRANSPARENCY_REPORT: report },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: PATIENCE,
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-4000);
  });
  await new Promise((resolve) => child.once("close", resolve));
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(report, "utf8"))));
  } catch (error) {
    throw new Error(`the tests of ${suite.name} (${rule}) made no report: ${complaints}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} checkout */
function mochaOf(checkout) {
  const file = createRequire(join(checkout, "x.js")).resolve("mocha/package.json");
  return join(dirname(file), JSON.parse(readFileSync(file, "utf8")).bin.mocha);
}
