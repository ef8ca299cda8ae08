import { decisionIn } from "../decision/decision.js";
import { isIncident, isPermissionDenied } from "../decision/decision-from-error.js";
import type { Decision } from "../decision/decision-types.js";
import { printError } from "../util/print-error.js";
import { printable } from "../util/printable.js";
import { partOf, textOf } from "../util/safe-read.js";
import { show } from "../util/show.js";

const MINUTE = 60_000;
/** Maximum number of rules with lines of their own. */
const MAX_LINES = 100;

/** The time of the last printed line, and the number of faults since then that were not printed. */
interface LogEntry {
  readonly printedAt: number;
  more: number;
}

/**
 * Prints the causes of faults when `onDecision` is not set. Each rule prints at most one line a minute. The next line
 * has the number of faults in between. A token that `authenticate` refuses is no fault, but its reason is printed
 * without a stack.
 */
export class FaultLog {
  /** Insertion order, the oldest line first. */
  readonly #lines = new Map<string, LogEntry>();

  /** @param where The action of the decision. */
  tell(made: Decision, where: string): void {
    const { code, by } = made;
    const isDenial = isRefusedToken(made);
    if (!isDenial && !isIncident(made)) return;
    const name = by === "" ? code : `${code} in ${by}`;
    const subject = `${name} (${printable(where)})`;
    // A rule is known by its name, a handler by its action.
    this.#print(by === "handler" ? subject : name, subject, causeOf(made, isDenial) ?? "no answer in time");
  }

  /** Prints that a callback of the application has thrown. */
  tellThrown(callback: string, error: unknown): void {
    this.#print(callback, `${callback} has thrown`, error);
  }

  #print(key: string, subject: string, cause: unknown): void {
    const more = this.#take(key, performance.now());
    if (more !== undefined) printError(`${subject}${more}:`, cause);
  }

  /** Returns the text about faults that were not printed; `undefined` when this one is not printed either. */
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

/**
 * True for an error of a token library or of http-errors that `authenticate` has thrown, other than a
 * `PermissionDenied`.
 */
function isRefusedToken({ outcome, status, error }: Decision): boolean {
  return outcome === "deny" && error !== undefined && (status === 401 || status === 403) && !isPermissionDenied(error);
}

/** Returns the value to print for a fault, or for a refused token. */
function causeOf({ error }: Decision, isDenial: boolean): unknown {
  if (isDenial) return printable(textOf(partOf(error, "message")) ?? show(error));
  const inner = decisionIn(error);
  if (inner === undefined) return error;
  return `a decision was thrown: return the decision, or throw new PermissionDenied("${printable(inner.code)}")`;
}

/** True within a minute after the last line. False when the clock has gone back. */
function isFresh({ printedAt }: LogEntry, now: number): boolean {
  return now >= printedAt && now - printedAt < MINUTE;
}

function saidOf(more: number, age: number): string {
  const minutes = Math.round(age / MINUTE);
  return `, and ${more} more in the last ${minutes > 1 ? `${minutes} minutes` : "minute"}`;
}
