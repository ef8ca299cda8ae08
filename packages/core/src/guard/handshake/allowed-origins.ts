import { PermissionMisuse } from "../../decision/errors.js";
import { show } from "../../util/show.js";
import { isOwnOrigin, normalOrigin, type OriginRule } from "./origin.js";

/**
 * The origins a server accepts. In a list: texts (`"null"` for an opaque origin), regular expressions that are anchored at
 * both ends, and `null` for a missing Origin header. A function answers at once. `"*"` is every origin.
 */
export type Origins = readonly (string | RegExp | null)[] | OriginRule | "*";

/**
 * Reads the option `origins`.
 *
 * @throws {PermissionMisuse} When an entry can never be an origin, or a regular expression is not anchored, or repeats a
 *   group with a repetition in it.
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

/** A copy that nobody else changes. Origins have no upper case. */
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

/** Whether an expression matches a whole text or nothing: `^a|b$` does not. */
function isAnchored(source: string): boolean {
  // What is escaped, and classes, say nothing of it; nor do groups, the innermost first.
  let outer = plain(source);
  for (let before = ""; before !== outer; ) {
    before = outer;
    outer = outer.replace(/\([^()]*\)/g, "_");
  }
  return /^\^[^|]*\$$/.test(outer);
}

/** Labels of a host, each with its dot: no letter of a label is a dot, so there is one way to read them. */
const LABELS = /\((?:\?:)?(?:\[[^\]^\\.]*\]|\\w)\+\\\.\)/g;

/** Whether a group is repeated that has a repetition without an end in it: before anybody signs in, that is exponential. */
function isNested(source: string): boolean {
  let outer = plain(source.replace(LABELS, "_"));
  for (let before = ""; before !== outer; ) {
    before = outer;
    if (/\([^()]*(?:[*+]|\{\d+,\})[^()]*\)(?:[*+]|\{\d)/.test(outer)) return true;
    // A group with a repetition in it counts as one for the group around it.
    outer = outer.replace(/\(([^()]*)\)/g, (_, inner: string) => (/[*+]|\{\d+,\}/.test(inner) ? "_+" : "_"));
  }
  return false;
}

function plain(source: string): string {
  return source.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, "_");
}

/** Says once that pages of other sites act with the cookies of who is signed in. */
function anyOrigin(): OriginRule {
  let hasSaid = false;
  return (origin, scope) => {
    const hasCookie = origin !== undefined && scope.headers.cookie !== undefined;
    if (hasCookie && !hasSaid && !isOwnOrigin(origin, scope)) {
      hasSaid = true;
      console.error(
        `\`origins: "*"\` has accepted a page of ${origin} with cookies: any site may act as who is signed in here. Name the origins, or read no cookies in authenticate().`,
      );
    }
    return true;
  };
}
