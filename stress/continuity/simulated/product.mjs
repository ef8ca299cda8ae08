// @ts-check
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The parts of the sources that a simulated process runs. */
const ENTRY = `
export { AllowAny, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
export { Gate } from "@portcullis/core/adapter";
export { continuity, Revocations } from "@portcullis/core/continuity";
export { PostgresLog } from "./packages/revocations/src/postgres-log.ts";
export { statementsFor } from "./packages/revocations/src/postgres-table.ts";
export { RedisLog } from "./packages/revocations/src/redis-log.ts";
`;

/** The globals that each process has for itself. */
const GLOBALS = ["setTimeout", "clearTimeout", "Date", "performance", "crypto", "Math", "console"];

/** @typedef {{ file: string, from: string, to: string }} Patch a text to replace in a file of `packages` */

/**
 * Bundles the sources. The result runs them once more, as a process does that starts, with its own globals.
 *
 * @param {Patch} [patch] a rule to take out
 * @returns {Promise<(globals: Record<string, unknown>) => any>}
 */
export async function productOf(patch) {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "product",
    platform: "neutral",
    target: "es2022",
    tsconfig: `${root}tsconfig.json`,
    plugins: patch === undefined ? [] : [patching(patch)],
  });
  const run = new Function(...GLOBALS, `${outputFiles[0]?.text}; return product;`);
  return (globals) => run(...GLOBALS.map((name) => globals[name]));
}

/** @param {Patch} patch @returns {import("esbuild").Plugin} */
function patching({ file, from, to }) {
  const path = `${root}packages/${file}`;
  const parts = readFileSync(path, "utf8").split(from);
  if (parts.length !== 2) throw new Error(`${file} has not exactly one place of: ${from}`);
  return {
    name: "patch",
    setup: (made) => {
      made.onLoad({ filter: /\.ts$/ }, (loaded) =>
        loaded.path === path ? { contents: parts.join(to), loader: "ts" } : undefined,
      );
    },
  };
}
