import { isIncident, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { printError } from "../util/print-error.js";
import { partOf, textOf } from "../util/safe-read.js";
import { show } from "../util/show.js";

const MINUTE = 60_000;
/** As many rules as have a line of their own. */
const MAX_LINES = 100;

/** What was printed last, and how much has come since that was not. */
interface LogEntry {
  readonly printedAt: number;
  more: number;
}

/**
 * Prints the causes of faults where nobody else hears of them: one of each rule in a minute, and how many more there were
 * with the next. What `authenticate` has refused is no fault, but somebody should know why: it is printed without a stack.
 */
export class FaultLog {
  /** The oldest first. */
  readonly #lines = new Map<string, LogEntry>();

  /** @param where The action that was asked about. */
  tell(made: Decision, where: string): void {
    const { code, by, error } = made;
    const isDenial = isRefusedToken(made);
    if (!isDenial && !isIncident(made)) return;
    const name = by === "" ? code : `${code} in ${by}`;
    const subject = `${name} (${printable(where)})`;
    // Rules have names, and handlers those of their actions.
    const more = this.#take(by === "handler" ? subject : name, performance.now());
    if (more === undefined) return;
    const cause = isDenial ? printable(textOf(partOf(error, "message")) ?? show(error)) : error;
    printError(`${subject}${more}:`, cause ?? "no answer in time");
  }

  /** What is to be said of those that were not printed; `undefined` where this one is not either. */
  #take(key: string, now: number): string | undefined {
    const lines = this.#lines;
    const line = lines.get(key);
    if (line === undefined) {
      const [oldest] = lines;
      if (oldest && lines.size >= MAX_LINES) {
        if (isFresh(oldest[1], now)) return undefined;
        lines.delete(oldest[0]);
      }
    } else if (isFresh(line, now)) {
      line.more += 1;
      return undefined;
    }
    lines.delete(key);
    lines.set(key, { printedAt: now, more: 0 });
    return line?.more ? saidOf(line.more, now - line.printedAt) : "";
  }
}

/** What `authenticate` has thrown about a client, and not of its own making. */
function isRefusedToken({ outcome, status, error }: Decision): boolean {
  return outcome === "deny" && error !== undefined && (status === 401 || status === 403) && !isPermissionDenied(error);
}

/** A clock that has gone back tells nothing. */
function isFresh({ printedAt }: LogEntry, now: number): boolean {
  return now >= printedAt && now - printedAt < MINUTE;
}

function saidOf(more: number, age: number): string {
  const minutes = Math.round(age / MINUTE);
  return `, and ${more} more in the last ${minutes > 1 ? `${minutes} minutes` : "minute"}`;
}

/** Texts of a client in one line, and not too long. */
function printable(text: string): string {
  return text.slice(0, 200).replace(/[\p{C}\u2028\u2029]/gu, "?");
}
