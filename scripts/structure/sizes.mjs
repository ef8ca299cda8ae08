// Sizes of classes and functions, and the names a file declares.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Lines, comments included. */
export const LIMITS = { file: 300, class: 200, function: 40 };

/**
 * @param {string} folder
 * @param {string} file Relative to the folder.
 */
export function measureFile(folder, file) {
  const text = readFileSync(join(folder, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineAt = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line;
  /** @type {{ where: string, lines: number }[]} */
  const classes = [];
  /** @type {{ where: string, lines: number }[]} */
  const functions = [];
  /** @type {{ where: string, name: string }[]} */
  const names = [];
  let exports = 0;
  const visit = (/** @type {ts.Node} */ node) => {
    const name = nameOf(node);
    const start = node.getStart(source);
    const measured = {
      where: `${file}:${lineAt(start) + 1} ${name ?? ""}`,
      lines: lineAt(node.end) - lineAt(start) + 1,
    };
    if (ts.isClassLike(node)) classes.push(measured);
    else if (ts.isFunctionLike(node) && "body" in node && node.body) {
      functions.push({ ...measured, lines: measured.lines - linesOfClasses(node, lineAt) });
    }
    if (name !== undefined && !ts.isImportSpecifier(node)) names.push({ where: `${file}:${lineAt(start) + 1}`, name });
    if (ts.isExportSpecifier(node)) exports += 1;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { file, lines: text.split("\n").length - 1, code: linesOfCode(source), classes, functions, names, exports };
}

/** The lines that `code` of a measured file counts. */
export const COUNTED_AS_CODE = "lines without those that are blank, comments, imports or re-exports";

/**
 * Counts the lines that have a token of a statement, other than imports and re-exports.
 *
 * @param {ts.SourceFile} source
 */
function linesOfCode(source) {
  /** @type {Set<number>} */
  const lines = new Set();
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isJSDoc(node) || ts.isImportDeclaration(node)) return;
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) return;
    const children = node.getChildren(source);
    for (const child of children) visit(child);
    if (children.length > 0 || node.kind === ts.SyntaxKind.EndOfFileToken) return;
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const last = source.getLineAndCharacterOfPosition(node.end).line;
    for (let line = first; line <= last; line++) lines.add(line);
  };
  visit(source);
  return lines.size;
}

/**
 * The lines of the classes inside a function: they are measured on their own.
 *
 * @param {ts.Node} node
 * @param {(position: number) => number} lineAt
 * @returns {number}
 */
function linesOfClasses(node, lineAt) {
  let lines = 0;
  ts.forEachChild(node, (child) => {
    lines += ts.isClassLike(child) ? lineAt(child.end) - lineAt(child.getStart()) : linesOfClasses(child, lineAt);
  });
  return lines;
}

/** @param {ts.Node} node */
function nameOf(node) {
  const name = /** @type {{ name?: ts.Node }} */ (node).name;
  if (name === undefined || !(ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) return undefined;
  return name.text.replace(/^#/, "");
}
