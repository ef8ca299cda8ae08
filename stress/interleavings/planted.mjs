// @ts-check
// Takes each rule of continuity out of a copy of the sources, one by one, and expects that the explored orders show it.
//
//   npm run planted -- [part of a rule's text] [part of the titles of the tests that are to find it]
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = [
  "packages/core/src",
  "packages/adapter-crossws/src",
  "packages/core/package.json",
  "stress/interleavings",
  "scripts/built-suites.mjs",
  "vitest.config.ts",
  "package.json",
];

/** Milliseconds for one rule. A run without a fault takes one minute on a machine with nothing else to do. */
const LONGEST = 900_000;

/** @typedef {{ rule: string, file: string, from: string, to: string }} Planted */

/** @type {readonly Planted[]} */
const PLANTED = [
  {
    rule: "a principal that is lost ends the session",
    file: "reauthentication.ts",
    from: "const isOther = principal !== undefined &&",
    to: 'const isOther = question.phase === "renew" && principal !== undefined &&',
  },
  {
    rule: "the epoch grows when the identity becomes pending",
    file: "identity-state.ts",
    from: "this.pendingSince = readClock();\n    this.epoch += 1;",
    to: "this.pendingSince = readClock();",
  },
  {
    rule: "the epoch grows when the scope is replaced",
    file: "identity-state.ts",
    from: "    this.epoch += 1;\n    this.subjects",
    to: "    this.subjects",
  },
  {
    rule: "the epoch grows when the identity expires",
    file: "identity-state.ts",
    from: "readClock());\n    this.epoch += 1;",
    to: "readClock());",
  },
  {
    rule: "an answer that began before a demand settles nothing",
    file: "reauthentication.ts",
    from: "if (this.#running) this.#isDemanded = true;",
    to: "if (this.#running) return;",
  },
  {
    rule: "a renewal waits its turn",
    file: "reauthentication.ts",
    from: "if (this.#running) this.#renewals.push(question);\n    else this.#begin(question);",
    to: "this.#begin(question);",
  },
  {
    rule: "a renewal that is refused with 403 ends the session",
    file: "reauthentication.ts",
    from: 'if (question.phase === "renew" && made.status === 401)',
    to: 'if (question.phase === "renew")',
  },
  {
    rule: "a renewal that is refused with 401 leaves a demand as it was",
    file: "reauthentication.ts",
    from: "if (this.#isDemanded || this.#demands.length > 0 || this.#subject.state.isUnsettled)",
    to: "if (this.#isDemanded)",
  },
  {
    rule: "after a fault it is asked again",
    file: "reauthentication.ts",
    from: "this.#subject.retryIn(",
    to: "void (",
  },
  {
    rule: "a renewal does not postpone the revalidation",
    file: "identity-state.ts",
    from: "    if (!isTruth) return;\n",
    to: "",
  },
  {
    rule: "a revalidation that is past due makes messages wait",
    file: "identity-state.ts",
    from: "if (this.pendingSince === undefined && readClock() >= this.overdueAt) this.demand();",
    to: "",
  },
  {
    rule: "a record is compared with authentications that are under way",
    file: "authentication-watch.ts",
    from: "return this.#mark !== undefined && isAddressedSince(this.#mark, this.identity.subjects);",
    to: "return false;",
  },
  {
    rule: "a record is compared with sessions that open after it",
    file: "guard-continuity.ts",
    from: "at !== undefined; at = at.next",
    to: "false; at = at?.next",
  },
  {
    rule: "a decision of an earlier epoch is not acted on",
    file: "fenced-session.ts",
    from: "if (this.isEnded || asked.epoch === this.epoch) return super.conclude",
    to: "if (true) return super.conclude",
  },
  {
    rule: "the fence's questions end",
    file: "fenced-session.ts",
    from: "count <= DECISIONS ? undefined : UNSETTLED",
    to: "undefined",
  },
  {
    rule: "a time that has passed counts where no timer has fired",
    file: "identity-state.ts",
    from: "    this.notice();\n    if (this.isExpired) return",
    to: "    if (this.isExpired) return",
  },
  {
    rule: "a record ends what is being decided",
    file: "lease.ts",
    from: "    this.state.end();\n    this.#ending = made;",
    to: "    this.#ending = made;",
  },
];

const [wanted = "", title] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "portcullis-planted-"));
let missed = 0;
try {
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const planted of PLANTED.filter(({ rule }) => rule.includes(wanted))) missed += plant(planted) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (missed > 0) {
  console.error(`Not found: ${missed}`);
  process.exit(1);
}

/** @param {Planted} planted */
function plant({ rule, file, from, to }) {
  const path = join(folder, "packages/core/src/continuity", file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) throw new Error(`${file} has not exactly one place for: ${rule}`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  const args = ["vitest", "run", "stress/interleavings/continuity", "--typecheck.enabled=false", "--bail=1"];
  if (title !== undefined) args.push("-t", title);
  const env = { ...process.env, PORTCULLIS_PLANTED: "1" };
  const { stdout, stderr, signal } = spawnSync("npx", args, { cwd: folder, encoding: "utf8", env, timeout: LONGEST });
  writeFileSync(path, source);
  const found = /AssertionError/.test(stdout + stderr);
  console.log(`${found ? "found    " : signal === null ? "NOT FOUND" : "NO END   "} ${rule}`);
  return found;
}
