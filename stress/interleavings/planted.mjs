// @ts-check
// Takes each rule of continuity out of a copy of the sources, one by one, and expects that the explored orders show it. The
// rules of the log are shown by simulated runs, or by a test on a real server.
//
//   npm run planted -- [part of a rule's text] [part of the titles of the tests that are to find it]
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { printTable } from "../../bench/lib/print.mjs";
import { plantInLog } from "../continuity/planted.mjs";
import { PLANTED } from "./planted-rules.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = [
  "packages/core/src",
  "packages/core/package.json",
  "packages/adapter-crossws/src",
  "packages/adapter-socketio/src",
  "packages/adapter-ws/src",
  "packages/core/test/connection.ts",
  "packages/revocations/src",
  "packages/revocations/test",
  "packages/testing/src",
  "scripts/find-programs.mjs",
  "scripts/test-servers.mjs",
  "stress/fuzz/lib",
  "stress/interleavings",
  "scripts/built-suites.mjs",
  "vitest.config.ts",
  "package.json",
];

/** Milliseconds for one rule. A run without a fault takes half a minute on a machine with nothing else to do. */
const LONGEST = 900_000;

const EXPLORED = "stress/interleavings/continuity";

const [wanted = "", title] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "portcullis-planted-"));
/** @type {string[][]} */
const rows = [];
try {
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const planted of PLANTED.filter(({ rule }) => rule.includes(wanted))) {
    rows.push(plant(planted, EXPLORED));
    console.log(rows.at(-1)?.join("  "));
  }
  rows.push(...(await plantInLog(wanted, (planted) => plant(planted, planted.test ?? EXPLORED))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
printTable("Rules of continuity that were taken out", [["section", "rule", "", "in", "because", "s"], ...rows]);
const missed = rows.filter(([, , result]) => result !== "found").length;
if (missed > 0 || rows.length === 0) {
  console.error(`Not found: ${missed} of ${rows.length}`);
  process.exit(1);
}

/**
 * @param {import("./planted-rules.mjs").Planted} planted
 * @param {string} tests the files that are to show it
 */
function plant({ section, rule, file, from, to }, tests) {
  const path = join(folder, "packages", file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) throw new Error(`${file} has not exactly one place for: ${rule}`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  const args = ["vitest", "run", tests, "--typecheck.enabled=false", "--bail=1"];
  if (title !== undefined) args.push("-t", title);
  const env = { ...process.env, PORTCULLIS_PLANTED: "1", NO_COLOR: "1" };
  const start = performance.now();
  const { stdout, stderr, signal } = spawnSync("npx", args, { cwd: folder, encoding: "utf8", env, timeout: LONGEST });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  writeFileSync(path, source);
  const output = stdout + stderr;
  // A test on a real server may also wait for an answer that does not come.
  const isFound = (tests === EXPLORED ? /AssertionError/ : /^ *FAIL .* > /m).test(output);
  const [, by = ""] = /^ *FAIL +(?:stress\/interleavings\/continuity\/)?(\S+)/m.exec(output) ?? [];
  const [, broken = ""] = /^\+ +"(.*)",$/m.exec(output) ?? /^ *FAIL .* > (.*)$/m.exec(output) ?? [];
  const result = isFound ? "found" : signal === null ? "NOT FOUND" : "NO END";
  return [String(section), rule, result, by, broken, seconds];
}
