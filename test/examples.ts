import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** One code block of the docs. */
export interface Example {
  /** The location, for example `README.md:12`. */
  readonly place: string;
  readonly source: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "test", ".examples");
const BLOCK = /^([ \t]*\*?[ \t]*)```ts\n([\s\S]*?)^[ \t]*\*?[ \t]*```/gm;

/** Compiler options for examples. */
export const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2022.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
};

/** A failed assertion of an example ends its process. */
const PRELUDE = `console.assert = (holds) => { if (!holds) throw new Error("an assertion of the example does not hold"); };\n`;

/** The TypeScript blocks of every README, of the docs, and of every docstring. */
export function findExamples(): Example[] {
  const files = ["*.md", "docs/**/*.md", "packages/*/*.md", "packages/*/src/**/*.ts"].flatMap((pattern) =>
    find(pattern).filter((file) => !/CHANGELOG|\.test(-d)?\.ts$/.test(file)),
  );
  return files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(BLOCK)].map(([, , body = ""], index) => ({
      place: `${relative(root, file)} (${index + 1})`,
      source: file.endsWith(".ts") ? body.replaceAll(/^[ \t]*\*[ \t]?/gm, "") : body,
    }));
  });
}

function find(pattern: string): string[] {
  return ts.sys
    .readDirectory(root, [".md", ".ts"], ["**/node_modules", "**/dist", "docs/reference"], [pattern])
    .filter((file) => !file.includes("/."));
}

/** Writes the examples as modules, with another port, and returns the compiler errors of each. */
export function compileExamples(examples: readonly Example[], port: number): Map<Example, string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, { source }] of examples.entries()) {
    const text = source.replaceAll("8080", String(port));
    writeFileSync(join(folder, `${index}.ts`), text);
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    });
    writeFileSync(join(folder, `${index}.mjs`), PRELUDE + outputText);
  }
  const program = ts.createProgram(
    examples.map((_, index) => join(folder, `${index}.ts`)),
    COMPILER_OPTIONS,
  );
  const found = ts.getPreEmitDiagnostics(program);
  return new Map(
    examples.map((example, index) => [
      example,
      found
        .filter(({ file }) => file === undefined || file.fileName.endsWith(`/${index}.ts`))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
    ]),
  );
}

/**
 * Runs an example on the built packages. An example that keeps running, such as a server, is ended by the signal.
 *
 * @returns The errors, empty on success, and the printed text.
 */
export function runExample(index: number, signal: AbortSignal): Promise<{ trouble: string; printed: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, `${index}.mjs`)], { signal }, (error, printed, stderr) => {
      resolve({ trouble: stderr || (error && error.name !== "AbortError" ? error.message : ""), printed });
    });
  });
}

/** Runs a client of the docs in JavaScript, with another port. It runs until it is killed. */
export function runClient(source: string, port: number): ChildProcessByStdio<null, Readable, null> {
  const file = join(folder, "client.mjs");
  writeFileSync(file, source.replaceAll("8080", String(port)));
  return spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
}

/** The expected output of an example: the comments below its `console.log()` lines. */
export function promisedBy({ source }: Example): string {
  return [...source.matchAll(/^console\.log\(.*\n\/\/ (.*\n)/gm)].map(([, line]) => line).join("");
}
