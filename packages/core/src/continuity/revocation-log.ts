/** One revocation, as a log keeps it. */
export interface RevocationRecord {
  /** A unique id. A record that is read twice is applied once. */
  readonly id: string;
  /** A name that `identify` gives, as in `user:42`, or the id of a session. */
  readonly subject: string;
  /** `revoke` ends the connections of the subject; `refresh` authenticates them again. */
  readonly effect: "revoke" | "refresh";
  /** A subject whose connections are left alone, as in `session:8f3`. */
  readonly except?: string;
}

/** Options of an append. */
export interface AppendOptions {
  /** Aborted when nobody waits for the append any more. */
  readonly signal?: AbortSignal;
  /** The client of the application's own transaction, for a log that lies in its database. Any other log throws. */
  readonly client?: unknown;
}

/** The records that were appended after a position. `P` is the position of the log. */
export interface RevocationBatch<P = unknown> {
  readonly records: readonly RevocationRecord[];
  /** The position behind the last record, for the next read. */
  readonly position: P;
  /** False when records may be missing before the first one, for example because the log was trimmed. */
  readonly whole: boolean;
}

/**
 * The log that carries revocations to every process. Check one of your own with `revocationLogConformance` of
 * `@portcullis/testing`.
 */
export interface RevocationLog<P = unknown> {
  /** Appends a record. Resolves once it is durable. The same record may be appended again after a failure. */
  append(record: RevocationRecord, options?: AppendOptions): Promise<void>;
  /**
   * Reads the records after a position. Without one, reads none and returns the end of the log as the position.
   *
   * @param position The `position` of an earlier read.
   */
  read(position?: P): Promise<RevocationBatch<P>>;
}
