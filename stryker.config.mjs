// @ts-check
import { name, sources } from "./stress/mutation/parts.mjs";

/** A part may be run in pieces, each with a name of its own: `npm run mutate -- --mutate <files>`. */
const { RUN: run = name } = process.env;

export default {
  mutate: sources,
  plugins: ["./stress/mutation/runner.mjs", "./stress/mutation/survivor-reporter.mjs"],
  testRunner: "loaded",
  buildCommand: "node stress/mutation/transpile.mjs",
  coverageAnalysis: "perTest",
  disableTypeChecks: false,
  ignorePatterns: ["/apps", "/bench", "/docs/*", "!/docs/several-processes.md", "**/dist"],
  tempDirName: ".stryker/sandboxes",
  incremental: true,
  incrementalFile: `.stryker/${run}.incremental.json`,
  reporters: ["clear-text", "json", "progress-append-only", "survivors"],
  jsonReporter: { fileName: `.stryker/reports/${run}.json` },
  clearTextReporter: { logTests: false, allowColor: false, reportMutants: false, reportTests: false },
  concurrency: 2,
  timeoutMS: 300_000,
};
