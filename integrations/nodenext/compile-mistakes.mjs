import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MISTAKES, PREAMBLE } from "./mistakes.mjs";

/** The compiler options of a new project. */
const OPTIONS = {
  target: "es2022",
  lib: ["es2022"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  skipLibCheck: true,
  noEmit: true,
};

/**
 * What the compiler prints for one mistake: the number of errors, and the last line of the last one.
 *
 * @typedef {{ code: string, errors: number, last: string, isExplained: boolean }} Printed
 * @typedef {{ compiler: string, folder: string, options?: object }} Setup The `bin/tsc` of a TypeScript; a folder from which
 *   the packages are found, and which is replaced; more compiler options.
 */

/**
 * Compiles each mistake as a module of its own.
 *
 * @param {Setup} setup
 * @returns {Printed[]}
 * @throws {Error} When something else than a mistake does not compile.
 */
export function compileMistakes(setup, codes = Object.values(MISTAKES).flatMap((topic) => Object.keys(topic))) {
  const printed = compile(setup, codes);
  // TypeScript 5.4 explains an error once in a run, and prints one line where the same types meet again.
  const again = printed.filter(({ isExplained }) => !isExplained);
  if (again.length === 0 || again.length === codes.length) return printed;
  const explained = compileMistakes(
    setup,
    again.map(({ code }) => code),
  );
  return printed.map((one) => explained.find(({ code }) => code === one.code) ?? one);
}

/** @param {Setup} setup @param {readonly string[]} codes @returns {Printed[]} */
function compile({ compiler, folder, options }, codes) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, code] of codes.entries()) writeFileSync(join(folder, `${index}.ts`), `${PREAMBLE}${code};\n`);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...OPTIONS, ...options } }));
  const { stdout } = spawnSync(process.execPath, [compiler, "-p", ".", "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true });
  // A line that is not indented begins an error.
  const errors = stdout.trim().split(/\n(?! )/);
  const other = errors.find((error) => !/^\d+\.ts\(/.test(error));
  if (other !== undefined) throw new Error(`the compiler printed: ${other}`);
  const says = Object.assign({}, ...Object.values(MISTAKES));
  return codes.map((code, index) => {
    const own = errors.filter((error) => error.startsWith(`${index}.ts(`));
    const last = (own.at(-1) ?? "").split("\n").at(-1) ?? "";
    return {
      code,
      errors: own.length,
      last: last.replace(/^.*?: error TS\d+: /, "").trim(),
      isExplained: own.length === 1 && last.includes(says[code]),
    };
  });
}
