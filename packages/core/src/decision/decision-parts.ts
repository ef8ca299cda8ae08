import type { StandardIssue } from "../types.js";
import { listOf, partOf, textOf } from "../util/safe-read.js";
import type { Decision, Retry } from "./decision-types.js";

/** How many issues of a schema are kept, and how many keys of a path. */
const KEPT = 20;
/** How many of them are told, and how many characters. */
const TOLD = 5;
const TOLD_CHARACTERS = 500;

/** The first issues of a schema, with what of them is text. A schema may find any number, as long as a client likes. */
export function issuesOf(issues: unknown): readonly StandardIssue[] | undefined {
  return listOf(issues, KEPT, (issue) => {
    const message = textOf(partOf(issue, "message"))?.slice(0, TOLD_CHARACTERS);
    if (message === undefined) return undefined;
    const path = listOf(partOf(issue, "path"), KEPT, keyOf);
    return Object.freeze(path ? { message, path } : { message });
  });
}

function keyOf(part: unknown): string | number | undefined {
  const key = typeof part === "object" ? partOf(part, "key") : part;
  return typeof key === "number" ? key : textOf(key)?.slice(0, TOLD_CHARACTERS);
}

/** What a client is told of a refusal; nothing else of a decision ever leaves the server. */
export interface Refusal {
  code: string;
  status: number;
  reason: string;
  retry: Retry;
  /** Seconds. */
  retryAfter?: number;
}

/** The part of a refusal that a client may see. */
export function publicRefusal({ code, status, reason = "", retry, retryAfter }: Decision): Refusal {
  return { code, status, reason, retry, ...(retryAfter !== undefined && { retryAfter }) };
}

/** One thing that did not fit, as a client may be told of it. */
export interface PublicIssue {
  /** Names from the outside in; none for the payload itself. */
  readonly path: readonly string[];
  readonly message: string;
}

/** The first issues of a decision, as far as a client is told of them: at most five, in 500 characters with their paths. */
export function publicIssues(issues: readonly StandardIssue[]): readonly PublicIssue[] {
  const told: PublicIssue[] = [];
  let left = TOLD_CHARACTERS;
  for (const { path: parts = [], message } of issues.slice(0, TOLD)) {
    const path = parts.map((part) => String(typeof part === "object" ? part.key : part));
    // One for the character behind each name.
    for (const name of path) left -= name.length + 1;
    if (left <= 0) break;
    const text = message.slice(0, left);
    left -= text.length;
    told.push({ path, message: text });
  }
  return told;
}

/** The first issues as one sentence: `room: expected a string; text: too long`. */
export function describeIssues(issues: readonly StandardIssue[]): string {
  return issues
    .slice(0, TOLD)
    .map(({ path, message }) => (path?.length ? `${path.join(".")}: ${message}` : message))
    .join("; ")
    .slice(0, TOLD_CHARACTERS);
}
