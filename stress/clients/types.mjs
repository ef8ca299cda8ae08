// @ts-check
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TSC = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));

/** @type {Record<import("./versions.mjs").ClientVersion["library"], (alias: string) => string>} */
const PROGRAMS = {
  redis: (alias) => `import { createClient } from "${alias}";\nredisRevocations({ client: createClient() });\n`,
  ioredis: (alias) => `import { Redis } from "${alias}";\nredisRevocations({ client: new Redis() });\n`,
  // Its types are a package of their own.
  pg: () => `import pg from "pg";\npostgresRevocations({ pool: new pg.Pool() });\n`,
};

/**
 * Type-checks a program for each version.
 *
 * @param {string} folder that has the versions
 * @param {readonly import("./versions.mjs").ClientVersion[]} versions
 * @returns the aliases of those whose client TypeScript takes
 */
export function checkTypes(folder, versions) {
  const types = join(folder, "types");
  mkdirSync(types);
  for (const { library, alias } of versions) {
    const calls = library === "pg" ? "postgres" : "redis";
    const head = `import { ${calls}Revocations } from "@portcullis/revocations/${calls}";\n`;
    writeFileSync(join(types, `${alias}.ts`), head + PROGRAMS[library](alias));
  }
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: "nodenext",
    target: "es2023",
    types: ["node"],
  };
  writeFileSync(join(types, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  const { status, stdout } = spawnSync(TSC, ["-p", types], { cwd: folder, encoding: "utf8" });
  if (stdout !== "") console.log(stdout);
  const taken = versions.map(({ alias }) => alias).filter((alias) => !stdout.includes(`${alias}.ts`));
  if (status !== 0 && taken.length === versions.length) throw new Error("the types could not be checked");
  return new Set(taken);
}
