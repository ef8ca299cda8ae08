// @ts-check
import { readFileSync } from "node:fs";

const FILE = readFileSync(new URL("./rules.mjs", import.meta.url), "utf8");

/** What comes with the library, in a sentence each. */
const BUILT_IN = [
  { name: "IsAuthenticated", about: "Allows whoever is signed in; answers 401 to all others." },
  { name: "HasRole", about: "Allows who holds one of the roles: reads scope.user.roles." },
  { name: "AllowAny", about: "Allows everybody." },
  { name: "DenyAll", about: "Allows nobody." },
];

/**
 * A rule that a policy may name.
 *
 * @typedef {object} KnownRule
 * @property {string} name
 * @property {string} about one sentence
 * @property {string} [source] as it stands in rules.mjs; without it the rule comes with the library
 */

/**
 * Every rule there is, with its source.
 *
 * @param {readonly string[]} names of those in rules.mjs
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
 * The statements of a paragraph without what is said about them, and without types.
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
