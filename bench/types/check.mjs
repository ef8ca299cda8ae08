// Checks the project in a folder with a compiler that has just started, and says what that cost.
// Started by measure.mjs: node check.mjs <folder of typescript> <folder of the project>

import { createRequire } from "node:module";
import { join } from "node:path";

const [compiler, folder] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(join(compiler, "lib/typescript.js"));
const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => fail([problem]) };
const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(join(folder, "tsconfig.json"), {}, host);
const program = ts.createProgram(fileNames, options);
program.getTypeChecker();

const before = process.cpuUsage();
const problems = program.getSemanticDiagnostics();
const { user, system } = process.cpuUsage(before);
if (problems.length > 0) fail(problems);
console.log(JSON.stringify({ seconds: (user + system) / 1e6, instantiations: program.getInstantiationCount() }));

function fail(problems) {
  const names = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => "\n" };
  console.error(ts.formatDiagnostics(problems, names));
  process.exit(1);
}
