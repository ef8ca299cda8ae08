// @ts-check
// Runs the steps of `npm test`, up to the first that fails.
// PORTCULLIS_NO_SKIPS=1: a skipped test is a failure.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { missingPrograms } from "./find-programs.mjs";

/** Missing programs. A test that needs one has the name of the program in its title. */
const missing = missingPrograms();

/** @param {string[]} args of npm */
function npm(...args) {
  console.log(`\n> npm ${args.join(" ")}`);
  return spawnSync("npm", args, { stdio: "inherit", shell: process.platform === "win32" }).status === 0;
}

/** @param {string} title */
function reasonOf(title) {
  return missing.find(({ program }) => title.includes(program))?.hint ?? "skipped in the test file";
}

/** Runs vitest and reads its own account of the run. */
function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  const report = join(folder, "vitest.json");
  try {
    const isGreen = npm(
      "exec",
      "--",
      "vitest",
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    );
    const files = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")).testResults : [];
    return { isGreen, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const step of ["build", "typecheck", "lint", "size"]) {
  if (!npm("run", step)) {
    console.log(`\n\`npm run ${step}\` failed, the tests did not run`);
    process.exit(1);
  }
}

const { isGreen, files } = runVitest();
const count = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  for (const { status, fullName } of file.assertionResults) {
    if (status === "passed" || status === "failed") count[/** @type {"passed" | "failed"} */ (status)]++;
    else {
      count.skipped++;
      console.log(`skipped: ${relative(process.cwd(), file.name)}: ${fullName} (${reasonOf(fullName)})`);
    }
  }
  // A file that does not load has no tests to count.
  if (file.status === "failed" && file.assertionResults.length === 0) count.failed++;
}

if (!isGreen && count.failed === 0) console.log("vitest failed outside of a test, see above");
const areSkipsRefused = process.env.PORTCULLIS_NO_SKIPS === "1" && count.skipped > 0;
if (areSkipsRefused) console.log("PORTCULLIS_NO_SKIPS=1: skipped tests are failures");
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = isGreen && count.failed === 0 && count.passed > 0 && !areSkipsRefused ? 0 : 1;
