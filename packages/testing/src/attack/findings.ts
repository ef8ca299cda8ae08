/** The holes that the kit looks for. */
export type HoleName =
  | "cross-site-origin"
  | "cookies-without-origin"
  | "early-messages"
  | "prototype-names"
  | "methods-as-actions"
  | "other-entrances"
  | "binary-twins"
  | "unanswered-denials"
  | "leaking-denials"
  | "any-listeners"
  | "reordered-messages"
  | "stale-rules"
  | "recovery-after-ban"
  | "oversized-messages"
  | "unread-answers"
  | "vanished-clients"
  | "unfinished-handshakes"
  | "reserved-events"
  | "bad-packets";

/** The result of one hole. */
export interface Finding {
  readonly hole: HoleName;
  /** The hole in a sentence. */
  readonly title: string;
  /** True when the server holds, false when it has the hole, `"not applicable"` when the hole was not played. */
  readonly held: boolean | "not applicable";
  /** The observation, or the reason why the hole was not played. */
  readonly evidence: string;
}

/** The result of a play, without the name of the hole. */
export type PlayResult = Pick<Finding, "held" | "evidence">;

export const holds = (evidence: string): PlayResult => ({ held: true, evidence });
export const isOpen = (evidence: string): PlayResult => ({ held: false, evidence });
export const cannot = (evidence: string): PlayResult => ({ held: "not applicable", evidence });

const MARKS = { true: "held", false: "HOLE", "not applicable": "-" } as const;

/**
 * Formats findings as text. Open holes come first, then those that held, then those that were not played.
 *
 * @param findings The findings that `attack()` has returned.
 * @returns A summary line, followed by one line for each finding.
 * @example
 * ```ts
 * import { describeFindings } from "@portcullis/testing/attack";
 * const text = describeFindings([
 *   { hole: "bad-packets", title: "one bad packet ends the process", held: true, evidence: "it answers after 31" },
 * ]);
 * console.assert(text.startsWith("1 held, 0 holes, 0 not applicable"));
 * ```
 */
export function describeFindings(findings: readonly Finding[]): string {
  const those = (held: Finding["held"]) => findings.filter((finding) => finding.held === held);
  const ordered = [...those(false), ...those(true), ...those("not applicable")];
  const width = Math.max(0, ...ordered.map(({ hole }) => hole.length));
  return [
    `${those(true).length} held, ${those(false).length} holes, ${those("not applicable").length} not applicable`,
    ...ordered.map(
      ({ hole, title, held, evidence }) =>
        `${MARKS[`${held}`].padEnd(4)}  ${hole.padEnd(width)}  ${title}: ${evidence}`,
    ),
  ].join("\n");
}
