import { printLine } from "./print-line.js";
import { partOf, textOf } from "./safe-read.js";
import { show } from "./show.js";

const MINUTE = 60_000;
/** Maximum number of subjects with lines of their own. */
const MAX_LINES = 100;

/** The time of the last printed line, and the number of errors since then that were not printed. */
interface PrintedLine {
  readonly printedAt: number;
  more: number;
}

/**
 * Prints errors, at most one a minute for each subject, because a client can cause errors as often as it likes. The next
 * line has the number of errors in between.
 */
export class ErrorPrinter {
  /** Insertion order, the oldest line first. */
  readonly #lines = new Map<string, PrintedLine>();

  /**
   * Prints a thrown value. Never throws, although a thrown value may be anything, also unprintable.
   *
   * @param subject What happened, in one line.
   * @param key Errors with the same key share the limit.
   */
  print(subject: string, error: unknown, key = subject): void {
    const more = this.#take(key, performance.now());
    if (more === undefined) return;
    const line = `portcullis: ${subject}${more}:`;
    if (!printLine("error", line, loggable(error))) printLine("error", line, show(error));
  }

  /** Returns the text about errors that were not printed; `undefined` when this one is not printed either. */
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

/** True within a minute after the last line. False when the clock has gone back. */
function isFresh({ printedAt }: PrintedLine, now: number): boolean {
  return now >= printedAt && now - printedAt < MINUTE;
}

function saidOf(more: number, age: number): string {
  const minutes = Math.round(age / MINUTE);
  return `, and ${more} more in the last ${minutes > 1 ? `${minutes} minutes` : "minute"}`;
}

/** Errors of a chain of causes that are looked at. */
const MAX_CAUSES = 5;

/**
 * The message of an error, or of one of its causes, may quote a client, as that of `JSON.parse` does. Control characters
 * are replaced then, and lines are indented, so that it cannot look like other lines of the log.
 */
function loggable(error: unknown): unknown {
  const chain = [error];
  for (let cause = partOf(error, "cause"); cause !== undefined && chain.length < MAX_CAUSES; ) {
    chain.push(cause);
    cause = partOf(cause, "cause");
  }
  if (!chain.some((one) => CONTROL.test(messageOf(one)))) return error;
  return chain.map(stackOf).join("\n  caused by: ");
}

const CONTROL = /[\p{Cc}\u2028\u2029]/u;

function messageOf(error: unknown): string {
  return textOf(typeof error === "string" ? error : partOf(error, "message")) ?? "";
}

function stackOf(error: unknown): string {
  const message = messageOf(error);
  const shown = message.replace(/(?!\n)[\p{Cc}\u2028\u2029]/gu, "?").replaceAll("\n", "\n    ");
  const stack = textOf(partOf(error, "stack"));
  if (stack?.includes(message)) return stack.replace(message, () => shown);
  return shown || show(error);
}
