// @ts-check
// Runs the tests of vitest again and again in one thread that has everything loaded, each time for another mutant.

import { createRequire } from "node:module";
import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";

/** @typedef {{ mutant?: string, files: string[], only?: string[], hitLimit?: number, isCounted?: boolean }} Order */
/** @typedef {{ id: string, milliseconds: number, error?: string }} Ran */

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { setImmediate: soon } = globalThis;
// As under vitest.
process.env.NODE_ENV = "test";
/** @type {any} */ (globalThis).__stryker__ = {};
const mutations = /** @type {any} */ (globalThis).__stryker__;
mutations.activeMutant = workerData.mutant;

const CONFIG = {
  root: process.cwd(),
  name: "",
  setupFiles: [],
  sequence: { hooks: "stack", setupFiles: "list", shuffle: false, concurrent: false, seed: 1 },
  maxConcurrency: 1,
  testTimeout: 40_000,
  hookTimeout: 10_000,
  retry: 0,
  allowOnly: true,
  passWithNoTests: true,
  expect: { poll: { timeout: 5_000 } },
  chaiConfig: {},
  diffOptions: {},
  tags: [],
  fakeTimers: {
    loopLimit: 10_000,
    shouldClearNativeTimers: true,
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "setImmediate",
      "clearImmediate",
      "Date",
      "performance",
    ],
  },
  snapshotOptions: { snapshotEnvironment: {} },
};
/** @type {any} */ (globalThis).__vitest_worker__ = {
  config: CONFIG,
  ctx: { pool: "threads" },
  environment: { name: "node" },
  metaEnv: process.env,
};

const { expect, vi } = await import("vitest");
// The very copy that vitest has: what describes tests and what runs them share their state.
const runnerOfVitest = createRequire(import.meta.resolve("vitest")).resolve("@vitest/runner");
const { startTests } = await import(pathToFileURL(runnerOfVitest).href);
// Code that runs now runs once for all tests, so a mutant in it needs a thread of its own.
for (const source of workerData.sources) await import(pathToFileURL(source).href);

/** @type {Ran[]} */
let ran = [];
/** @type {Set<string> | undefined} */
let only;
let hasFailed = false;
/** True while coverage is counted: then a test that fails on a busy machine keeps no other test from its turn. */
let isCounting = false;
let round = 0;
/** @type {string} */
let current = "";
/** @type {string[]} */
let stray = [];

/** An uncaught error fails the running test, unless the test listens for it. */
function note(/** @type {unknown} */ error) {
  if (process.listenerCount("uncaughtException") === 1) stray.push(String(error));
}

/** In vitest each file has globals of its own. */
function restoreGlobals() {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
}

/** @param {import("@vitest/runner").Test} test */
function idOf(test) {
  const names = [test.name];
  for (let suite = test.suite; suite; suite = suite.suite) names.unshift(suite.name);
  return `${relative(CONFIG.root, test.file.filepath)}#${names.join(" ").trim()}`;
}

/** @type {any} */
const runner = {
  config: CONFIG,
  pool: "threads",
  viteEnvironment: "node",
  trace: (/** @type {string} */ _, /** @type {any} */ about, call = about) => call(),
  importFile(/** @type {string} */ path) {
    // Coverage that belongs to no single test counts for every test of its file.
    mutations.currentTestId = relative(CONFIG.root, path);
    return import(`${pathToFileURL(path)}?round=${round}`);
  },
  onBeforeRunTask(/** @type {any} */ test) {
    current = idOf(test);
    port.postMessage(current);
    if ((hasFailed && !isCounting) || (only && !only.has(current))) test.mode = "skip";
  },
  onBeforeTryTask(/** @type {any} */ test) {
    mutations.currentTestId = current;
    expect.setState({
      assertionCalls: 0,
      isExpectingAssertions: false,
      isExpectingAssertionsError: null,
      expectedAssertionsNumber: null,
      expectedAssertionsNumberErrorGen: null,
      currentTestName: test.name,
      testPath: test.file.filepath,
    });
  },
  onAfterRunTask(/** @type {any} */ test) {
    mutations.currentTestId = relative(CONFIG.root, test.file.filepath);
    const { state, errors, duration = 0 } = test.result;
    if (state !== "pass" && state !== "fail") return;
    const error = state === "fail" ? String(errors?.[0]?.message) : undefined;
    // A test that mocks a module needs the whole of vitest, and counts as none here.
    if (error?.includes("mocker was not initialized")) return;
    hasFailed ||= error !== undefined;
    ran.push({ id: current, milliseconds: duration, ...(error && { error }) });
  },
};

/** Does one order: all its files, or those up to the first test that fails. */
async function run(/** @type {Order} */ { mutant, files, only: ids, hitLimit, isCounted }) {
  ran = [];
  stray = [];
  only = ids && new Set(ids);
  hasFailed = false;
  isCounting = isCounted === true;
  mutations.hitCount = hitLimit === undefined ? undefined : 0;
  mutations.hitLimit = hitLimit;
  mutations.activeMutant = mutant;
  for (const file of files) {
    round += 1;
    current = `${file}#before its tests`;
    const [task] = await startTests([file], runner);
    restoreGlobals();
    await new Promise((resolve) => soon(() => soon(resolve)));
    const broken = task?.result?.errors?.[0]?.message ?? (stray[0] && `nobody caught: ${stray[0]}`);
    if (broken !== undefined && !hasFailed) {
      hasFailed = true;
      ran.push({ id: current, milliseconds: 0, error: String(broken) });
    }
    if (hasFailed && !isCounted) break;
    if (isCounted) hasFailed = false;
  }
  const isOverLimit = hitLimit !== undefined && mutations.hitCount > hitLimit;
  mutations.activeMutant = workerData.mutant;
  port.postMessage({ ran, isOverLimit, coverage: isCounted ? mutations.mutantCoverage : undefined });
}

process.on("uncaughtException", note);
process.on("unhandledRejection", note);
port.on("message", run);
port.postMessage("ready");
