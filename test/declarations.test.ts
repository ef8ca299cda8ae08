import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const FILE = fileURLToPath(new URL("../integrations/nodenext/src/exports.ts", import.meta.url));

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
