import type { RevocationRecord } from "./revocation-log.js";

/** A mark in the sequence of applied records. A gap (`record` undefined) stands for records that nobody knows. */
export interface RecordMark {
  readonly record: RevocationRecord | undefined;
  next: RecordMark | undefined;
}

/**
 * The sequence of the records that were applied. It holds its end alone: an authentication keeps the mark at which it
 * began, so the records since then live as long as the authentication.
 */
export class RecentRecords {
  #end = markOf(undefined);

  /** The present end. */
  get end(): RecordMark {
    return this.#end;
  }

  add(record: RevocationRecord | undefined): void {
    const mark = markOf(record);
    this.#end.next = mark;
    this.#end = mark;
  }
}

function markOf(record: RevocationRecord | undefined): RecordMark {
  return { record, next: undefined };
}

/** True when a record addresses a connection with these subjects. */
export function addresses({ subject, except }: RevocationRecord, subjects: readonly string[]): boolean {
  return subjects.includes(subject) && (except === undefined || !subjects.includes(except));
}

/** True when a record since a mark addresses the subjects, or an unknown one may. */
export function isAddressedSince(mark: RecordMark, subjects: readonly string[]): boolean {
  for (let at = mark.next; at !== undefined; at = at.next) {
    if (at.record === undefined || addresses(at.record, subjects)) return true;
  }
  return false;
}
