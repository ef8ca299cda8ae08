// @ts-check
import { readFileSync } from "node:fs";

const FILE = readFileSync(new URL("./rules.mjs", import.meta.url), "utf8");

/** The rules of the library, with one sentence each. */
const BUILT_IN = [
  { name: "IsAuthenticated", about: "Allows everybody who is signed in. Others get the status 401." },
  { name: "HasRole", about: "Allows users with one of the roles in scope.user.roles." },
  { name: "AllowAny", about: "Allows everybody." },
  { name: "DenyAll", about: "Allows nobody." },
];

/**
 * A rule that a policy may name.
 *
 * @typedef {object} KnownRule
 * @property {string} name
 * @property {string} about one sentence
 * @property {string} [source] from rules.mjs; missing for rules of the library
 */

/**
 * Describes every rule with its source.
 *
 * @param {readonly string[]} names of the rules in rules.mjs
 * @returns {KnownRule[]}
 */
export function describeRules(names) {
  const own = names.map((name) => {
    const paragraph =
      FILE.split(/\n\s*\n|^export function .*\n/m).find((text) => new RegExp(`\\b(const|class) ${name} `).test(text)) ??
      "";
    return { name, about: aboutOf(paragraph), source: sourceOf(paragraph) };
  });
  return [...own, ...BUILT_IN];
}

/** @param {string} paragraph */
function aboutOf(paragraph) {
  const comment = /^\s*(?:\/\/ (.+)|\/\*\*[\s*]+([^@]+?)(?=\n\s*\*\s*\n|\*\/))/.exec(paragraph);
  return (comment?.[1] ?? comment?.[2] ?? "").replaceAll(/\s*\n\s*\*\s*/g, " ").trim();
}

/**
 * The statements of a paragraph without comments and types.
 *
 * @param {string} paragraph
 */
function sourceOf(paragraph) {
  const statements = paragraph
    .replaceAll(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, "")
    .replaceAll(/\/\*\*.*?\*\/ /g, "")
    .replaceAll(/^ *\/\/.*\n/gm, "")
    .replace(/^export /m, "");
  return (statements.startsWith("  ") ? statements.replaceAll(/^ {2}/gm, "") : statements).trim();
}
