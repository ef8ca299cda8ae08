import { PermissionMisuse } from "../../decision/errors.js";
import { printLine } from "../../util/print-line.js";
import { show } from "../../util/show.js";
import { isOwnOrigin, normalOrigin, type OriginRule } from "./origin.js";

/**
 * The origins that a server accepts. A list holds strings (`"null"` for an opaque origin), regular expressions that are
 * anchored at both ends, and `null` for a missing Origin header. A function answers synchronously. `"*"` accepts every
 * origin.
 */
export type Origins = readonly (string | RegExp | null)[] | OriginRule | "*";

/**
 * Compiles the option `origins` to a rule.
 *
 * @throws {PermissionMisuse} When an entry can never be an origin, or a regular expression is not anchored or repeats a
 *   group that contains a repetition.
 */
export function readOrigins(origins: Origins | undefined): OriginRule {
  if (origins === undefined) return isOwnOrigin;
  if (typeof origins === "function") return origins;
  if (origins === "*") return anyOrigin();
  if (!Array.isArray(origins)) {
    throw new PermissionMisuse(
      `\`origins\` is ${show(origins)}: give a list, as in ["https://app.example"], a function, or "*"`,
    );
  }
  const patterns = origins.filter((entry) => entry instanceof RegExp).map(readPattern);
  const texts = new Set(origins.filter((entry) => !(entry instanceof RegExp)).map(readText));
  return (origin) => texts.has(origin) || (origin !== undefined && patterns.some((pattern) => pattern.test(origin)));
}

function readText(entry: unknown): string | undefined {
  if (entry === null) return undefined;
  const origin = typeof entry === "string" ? normalOrigin(entry) : undefined;
  if (origin === undefined || /[*]|^wss?:/.test(origin)) {
    throw new PermissionMisuse(`\`origins\` has ${show(entry)}: ${adviceFor(entry)}`);
  }
  return origin;
}

function adviceFor(entry: unknown): string {
  if (entry === "*") return 'write `origins: "*"` to accept pages of all sites';
  const text = String(entry);
  if (text.includes("*")) return "write a regular expression, as in /^https:\\/\\/[a-z0-9-]+\\.app\\.example$/";
  if (/^wss?:/i.test(text))
    return 'write the origin of the page, which is that of its address, as in "https://app.example"';
  return 'write scheme, host and port with nothing behind them, as in "https://app.example", or null for clients that send no Origin';
}

/**
 * Copies the expression, because its owner may change it. The copy ignores case, because origins are compared in lower
 * case.
 */
function readPattern(pattern: RegExp): RegExp {
  const { source, flags } = pattern;
  if (/[^isud]/.test(flags)) {
    throw new PermissionMisuse(`\`origins\` has ${pattern}: write it without the flags ${flags}`);
  }
  if (!isAnchored(source)) {
    throw new PermissionMisuse(
      `\`origins\` has ${pattern}: begin it with ^ and end it with $, and write alternatives in a group, as in /^(?:a|b)$/`,
    );
  }
  if (isNested(source)) {
    throw new PermissionMisuse(
      `\`origins\` has ${pattern}: a repetition inside of a repeated group can take for ever; write one character class, as in /^https:\\/\\/[a-z0-9.-]+\\.app\\.example$/`,
    );
  }
  return new RegExp(source, flags.includes("i") ? flags : `${flags}i`);
}

/** True when an expression matches a whole text or nothing. `^a|b$` does not. */
function isAnchored(source: string): boolean {
  // Escapes, character classes and groups are irrelevant, so they are replaced, innermost groups first.
  let outer = plain(source);
  for (let before = ""; before !== outer; ) {
    before = outer;
    outer = outer.replace(/\([^()]*\)/g, "_");
  }
  return /^\^[^|]*\$$/.test(outer);
}

/**
 * A group of a host label and its dot. The label contains no dot, so a repetition of the group matches in one way only.
 */
const LABELS = /\((?:\?:)?(?:\[[^\]^\\.]*\]|\\w)\+\\\.\)/g;

/**
 * True when a repeated group contains an unbounded repetition. Matching may then take exponential time, before any
 * client has signed in.
 */
function isNested(source: string): boolean {
  let outer = plain(source.replace(LABELS, "_"));
  for (let before = ""; before !== outer; ) {
    before = outer;
    if (/\([^()]*(?:[*+]|\{\d+,\})[^()]*\)(?:[*+]|\{\d)/.test(outer)) return true;
    // A group that contains a repetition counts as a repetition in the group around it.
    outer = outer.replace(/\(([^()]*)\)/g, (_, inner: string) => (/[*+]|\{\d+,\}/.test(inner) ? "_+" : "_"));
  }
  return false;
}

function plain(source: string): string {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, "_");
}

/**
 * Accepts every origin. Warns once when a page of another site connects with cookies, because it acts as the signed-in
 * user.
 */
function anyOrigin(): OriginRule {
  let hasSaid = false;
  return (origin, scope) => {
    const hasCookie = origin !== undefined && scope.headers.cookie !== undefined;
    if (hasCookie && !hasSaid && !isOwnOrigin(origin, scope)) {
      hasSaid = true;
      printLine(
        "error",
        `portcullis: \`origins: "*"\` has accepted a page of ${origin} with cookies: any site may act as who is signed in here. Name the origins, or read no cookies in authenticate().`,
      );
    }
    return true;
  };
}
