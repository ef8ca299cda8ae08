import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const FILE = join(import.meta.dirname, "..", "integrations", "nodenext", "src", "exports.ts");

test("exported rules, policies and guards have types with names", () => {
  const program = ts.createProgram([FILE], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    declaration: true,
    noEmit: true,
    types: ["node"],
  });
  const problems = ts.getPreEmitDiagnostics(program);
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
}, 120_000);
