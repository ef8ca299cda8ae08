import type { RevocationLog } from "@portcullis/core/continuity";

/** The abilities that a log may lack. */
export const LOG_ABILITIES = {
  wipe: "the log can lose its records while processes follow it",
  restart: "the log lies on a server, which can end and start again",
  begin: "a record can be part of a transaction of the application",
} as const;

/** An ability that a log may lack. */
export type LogAbility = keyof typeof LOG_ABILITIES;

/** A transaction of an application, for a log in its database. */
export interface LogTransaction {
  /** Given as `client` of `append`. */
  readonly client: unknown;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** A log that starts empty, for one check. */
export interface OpenRevocationLog {
  /** Gives the log as one more process has it, with a client of its own. */
  connect(): Promise<RevocationLog>;
  /** Loses all records, as when somebody empties the log. */
  wipe?(): Promise<void>;
  /** Ends the server of the log, then starts it again with its records. */
  restart?(): Promise<void>;
  /** Begins a transaction. */
  begin?(): Promise<LogTransaction>;
  /** Closes all clients. */
  close(): Promise<void>;
}

/** Opens logs for `revocationLogConformance`. */
export interface RevocationLogHarness {
  /** The name of the log, for the titles of the tests. */
  readonly name: string;
  /** The abilities that the log lacks, each with the reason. */
  readonly lacks: Readonly<Partial<Record<LogAbility, string>>>;
  /** Makes an empty log. */
  open(): Promise<OpenRevocationLog>;
}
