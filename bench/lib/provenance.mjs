// @ts-check
// Says where and when figures were measured, and of which commit.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { machine } from "./print.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** @param {...string} args of git */
function git(...args) {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The commit of the sources, with a remark where they differ from it. Undefined outside of a checkout. */
export function commitOfSources() {
  const commit = git("rev-parse", "--short=10", "HEAD");
  if (!commit) return undefined;
  return git("status", "--porcelain", "--", "packages", "stress") === "" ? commit : `${commit} with changes`;
}

/** Call it before the first run: later the sources may be others. */
export function provenance() {
  const { node, ...rest } = machine();
  return { machine: rest, node, date: new Date().toISOString().slice(0, 10), commit: commitOfSources() };
}
