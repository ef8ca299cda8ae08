// @ts-check
// A reporter of mocha that writes which tests passed and which failed to the file TRANSPARENCY_REPORT.
"use strict";
const { writeFileSync } = require("node:fs");

/** @param {{ on(event: string, listener: (test: { fullTitle(): string }) => void): unknown }} runner */
module.exports = function Reporter(runner) {
  /** @type {Record<string, boolean>} */
  const passed = {};
  runner.on("pass", (test) => {
    passed[test.fullTitle()] ??= true;
  });
  runner.on("fail", (test) => {
    passed[test.fullTitle()] = false;
  });
  // Written after each: a run that ends the process has a report of what came before.
  for (const event of ["test end", "end"]) {
    runner.on(event, () =>
      writeFileSync(/** @type {string} */ (process.env.TRANSPARENCY_REPORT), JSON.stringify(passed)),
    );
  }
};
