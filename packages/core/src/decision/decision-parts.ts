import type { StandardIssue } from "../types.js";
import { listOf, partOf, textOf } from "../util/safe-read.js";
import type { Decision, Retry } from "./decision-types.js";

/** Maximum number of issues of a schema, and of keys in a path. */
const KEPT = 20;
/** Maximum number of issues that are sent to a client, and of their characters. */
const TOLD = 5;
const TOLD_CHARACTERS = 500;

/** Copies the texts of the first issues of a schema. Number and length are capped, because a client controls both. */
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

/** The fields of a refusal that are sent to a client. `error` and `causes` of a decision never leave the server. */
export interface Refusal {
  code: string;
  status: number;
  reason: string;
  retry: Retry;
  /** Seconds. */
  retryAfter?: number;
}

/** Selects the fields of a refusal that are sent to a client. */
export function publicRefusal({ code, status, reason = "", retry, retryAfter }: Decision): Refusal {
  return { code, status, reason, retry, ...(retryAfter !== undefined && { retryAfter }) };
}

/** One issue of an invalid payload, as it is sent to a client. */
export interface PublicIssue {
  /** Names from the outside in; empty for the payload itself. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Selects the issues of a decision that are sent to a client. At most five, in 500 characters with their paths. */
export function publicIssues(issues: readonly StandardIssue[]): readonly PublicIssue[] {
  const told: PublicIssue[] = [];
  let left = TOLD_CHARACTERS;
  for (const { path: parts = [], message } of issues.slice(0, TOLD)) {
    const path = parts.map((part) => String(typeof part === "object" ? part.key : part));
    // One more for the separator behind each name.
    for (const name of path) left -= name.length + 1;
    if (left <= 0) break;
    const text = message.slice(0, left);
    left -= text.length;
    told.push({ path, message: text });
  }
  return told;
}

/** Formats the first issues as one sentence, such as `room: expected a string; text: too long`. */
export function describeIssues(issues: readonly StandardIssue[]): string {
  return issues
    .slice(0, TOLD)
    .map(({ path, message }) => (path?.length ? `${path.join(".")}: ${message}` : message))
    .join("; ")
    .slice(0, TOLD_CHARACTERS);
}
