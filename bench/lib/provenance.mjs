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

function findCommit() {
  const found = git("rev-parse", "--short=10", "HEAD");
  if (!found) return undefined;
  return git("status", "--porcelain", "--", "packages", "stress") === "" ? found : `${found} with changes`;
}

/**
 * The commit of the sources when this process began, with a remark where they differ from it. Undefined outside of a
 * checkout.
 */
export const commit = findCommit();

/** Properties of the machine, the day, and the commit. */
export function provenance() {
  const { node, ...rest } = machine();
  return { machine: rest, node, date: new Date().toISOString().slice(0, 10), commit };
}
