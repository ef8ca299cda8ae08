// @ts-check
// Runs the own tests of ws and of socket.io with a guard in place, and compares them with a run without one.
//
//   npm run transparency -- --ws CHECKOUT --socketio CHECKOUT
//   npm run transparency -- --ws CHECKOUT --save        writes the table in docs/transparency.md
//
// A checkout is the folder of the package in a clone of its repository, with its dependencies installed, so that its own
// test command runs there (for socket.io `packages/socket.io`, compiled). Packages on npm carry no tests.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { compare } from "./compare.mjs";
import { EXPECTED } from "./expected.mjs";
import { runSuite, SUITES } from "./mocha.mjs";
import { saveTable } from "./table.mjs";

const { values } = parseArgs({
  options: { ws: { type: "string" }, socketio: { type: "string" }, save: { type: "boolean", default: false } },
});
/** How often a suite is run until a test counts as failed: some tests of the suites fail now and then by themselves. */
const ATTEMPTS = 3;

/**
 * @param {import("./mocha.mjs").Suite} suite
 * @param {string} checkout
 * @param {"allow" | "later"} rule
 * @param {Map<string, boolean>} bare
 */
async function differencesOf(suite, checkout, rule, bare) {
  let failing = [...bare].filter(([, isPassed]) => isPassed).map(([title]) => title);
  for (let attempt = 0; attempt < ATTEMPTS && failing.length > 0; attempt++) {
    const guarded = await runSuite(suite, checkout, rule);
    failing = failing.filter((title) => guarded.get(title) !== true);
  }
  return failing;
}

const results = [];
for (const key of /** @type {const} */ (["ws", "socketio"])) {
  const given = values[key];
  if (given === undefined) continue;
  const checkout = resolve(given);
  if (!existsSync(checkout)) throw new Error(`--${key} ${given}: there is no such folder`);
  const suite = SUITES[key];
  const bare = await runSuite(suite, checkout, "bare");
  const passed = [...bare.values()].filter(Boolean).length;
  console.log(`${key}: ${passed} of ${bare.size} tests pass without a guard`);
  for (const rule of /** @type {const} */ (["allow", "later"])) {
    const found = await differencesOf(suite, checkout, rule, bare);
    const { unexpected, vanished } = compare(EXPECTED[key], rule, found);
    console.log(`${key}, rule "${rule}": ${found.length} tests differ`);
    for (const title of found) console.log(`  ${unexpected.includes(title) ? "NOT LISTED" : "listed"}: ${title}`);
    for (const title of vanished) console.log(`  listed, and passes: ${title}`);
    results.push({ suite: key, rule, tests: passed, found, unexpected, vanished });
  }
}
if (results.length === 0) {
  console.error("Name a checkout: npm run transparency -- --ws CHECKOUT --socketio CHECKOUT");
  process.exitCode = 2;
} else if (results.some(({ unexpected, vanished }) => unexpected.length + vanished.length > 0)) process.exitCode = 1;
if (values.save) saveTable(results);
