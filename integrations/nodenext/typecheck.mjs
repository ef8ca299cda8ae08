// Type-checks with the oldest TypeScript that is supported, the one before, the current and the next, by nodenext and by
// bundler resolution, declarations included. Errors inside other packages' declarations are theirs: they are counted.
// Then compiles the mistakes of mistakes.mjs, whose messages must say what to write.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { compileMistakes } from "./compile-mistakes.mjs";

let hasFailed = false;
for (const name of ["typescript-oldest", "typescript-before", "typescript", "typescript-next"]) {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  for (const project of ["tsconfig.json", "tsconfig.bundler.json"]) {
    const { stdout, status } = spawnSync(
      process.execPath,
      [`node_modules/${name}/bin/tsc`, "-p", project, "--noEmit", "--pretty", "false"],
      { encoding: "utf8" },
    );
    const errors = stdout.split("\n").filter((line) => /error TS\d+/.test(line));
    const isOthers = (line) => line.startsWith("node_modules/") && !line.startsWith("node_modules/@portcullis/");
    const own = errors.filter((line) => !isOthers(line));
    // Whatever else made it fail is no error of another package.
    const isClean = own.length === 0 && (status === 0 || errors.length > 0);
    const others = [...new Set(errors.filter(isOthers).map((line) => line.replace(/\(.*/, "")))];
    console.log(
      `TypeScript ${version}, ${project}: ${isClean ? "clean" : "FAILED"}${others.map((file) => `; not ours: ${file}`).join("")}`,
    );
    if (isClean) continue;
    hasFailed = true;
    console.log(own.length > 0 ? own.join("\n") : stdout);
  }
  const mistakes = compileMistakes({ compiler: resolve(`node_modules/${name}/bin/tsc`), folder: "mistakes" });
  const wrong = mistakes.filter(({ isExplained }) => !isExplained);
  console.log(`TypeScript ${version}, ${mistakes.length} mistakes: ${wrong.length === 0 ? "explained" : "FAILED"}`);
  for (const { code, errors, last } of wrong) console.log(`${code}\n  ${errors} errors, the last: ${last}`);
  hasFailed ||= wrong.length > 0;
}
process.exitCode = hasFailed ? 1 : 0;
