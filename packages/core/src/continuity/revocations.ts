import { misuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import { Follower, type LogGauges, type RecordTarget } from "./follower.js";
import { checkSubject } from "./identity.js";
import { RecentRecords } from "./recent-records.js";
import { RevocationNotDurable } from "./revocation-error.js";
import type { RevocationLog, RevocationRecord } from "./revocation-log.js";
import { SeenIds } from "./seen-ids.js";
import { UnwrittenRecords } from "./unwritten-records.js";
import { within } from "./within.js";

/** Milliseconds after which an append counts as failed. */
const APPEND_TIMEOUT = 5_000;

/** The result of a revocation that is durable. */
export interface Revoked {
  /** The id of the record. */
  readonly id: string;
  /** The number of connections of this process that it has reached; 0 with `client`, where it acts once it is read. */
  readonly here: number;
}

/** Options of `revoke`. */
export interface RevokeOptions {
  /** A subject whose connections stay open, as in `session:8f3`: "sign out everywhere else". */
  readonly except?: string;
  /**
   * The client of a transaction of the application, for a log in its database. The record is part of the transaction,
   * so nothing acts before it is read after the commit, and nothing is retried.
   */
  readonly client?: unknown;
}

/** Options of `refresh`. */
export type RefreshOptions = RevokeOptions;

/** Receives the revocations of a process. Guards with the option `continuity` implement it. */
export interface RevocationTarget {
  /** Applies a record. Returns the number of connections that it has reached. */
  apply(record: RevocationRecord): number;
  /** Authenticates all connections again, because records may be missing. */
  applyLoss(): void;
}

/**
 * Ends and refreshes the connections of a subject, in every process that follows the same log. The application writes
 * first, then revokes.
 */
export class Revocations implements RecordTarget {
  readonly #log: RevocationLog;
  readonly #targets = new Set<RevocationTarget>();
  readonly #seen = new SeenIds();
  readonly #follower: Follower;
  /** `undefined` once a guard has followed. */
  #whenUnheard: (() => void) | undefined;
  readonly #unwritten = new UnwrittenRecords((record) => this.#append(record));
  /** The sequence of applied records, for authentications that are under way. */
  readonly recent = new RecentRecords();

  /**
   * @param log The log that carries the records to other processes.
   * @param whenUnheard Called at a revocation that no guard of this process hears.
   */
  constructor(log: RevocationLog, whenUnheard?: () => void) {
    this.#log = log;
    this.#follower = new Follower(log, this);
    this.#whenUnheard = whenUnheard;
  }

  /** How far this process follows the log. */
  get gauges(): LogGauges {
    return this.#follower.gauges;
  }

  /**
   * Closes the connections of a subject with 4401 `revoked`. Acts in this process first.
   *
   * @param subject A name that `identify` gives, as in `user:42`, or the id of a session.
   * @returns A promise of the id, and of the number of connections here, once the record is durable.
   * @throws {RevocationNotDurable} Rejects with it when the log did not take the record. It acts here all the same.
   * @throws {PermissionMisuse} When the subject is no name, or ends like one of a missing value, as in `user:undefined`.
   */
  readonly revoke = (subject: string, options: RevokeOptions = {}): Promise<Revoked> =>
    this.#record("revoke", subject, options);

  /** Authenticates the connections of a subject again, for example after a change of roles. Otherwise as `revoke`. */
  readonly refresh = (subject: string, options: RefreshOptions = {}): Promise<Revoked> =>
    this.#record("refresh", subject, options);

  /** Adds a guard. The log is followed from now on. */
  follow(target: RevocationTarget): void {
    this.#targets.add(target);
    this.#whenUnheard = undefined;
    this.#follower.start();
  }

  /** Removes a guard that was closed. Without guards the log is not read. */
  leave(target: RevocationTarget): void {
    this.#targets.delete(target);
    if (this.#targets.size === 0) this.#follower.stop();
  }

  /** Applies a record that was read, once. */
  apply(record: RevocationRecord): number {
    if (!this.#seen.add(record.id)) return 0;
    this.recent.add(record);
    let here = 0;
    for (const target of this.#targets) here += target.apply(record);
    return here;
  }

  applyLoss(): void {
    this.recent.add(undefined);
    for (const target of this.#targets) target.applyLoss();
  }

  async #record(effect: RevocationRecord["effect"], subject: string, options: RevokeOptions): Promise<Revoked> {
    const caller = `${effect}()`;
    checkKeys(caller, options, ["except", "client"]);
    const { except, client } = options;
    checkSubject(caller, subject);
    if (except !== undefined) checkSubject(caller, except, "`except`");
    if (except === subject) throw misuse(caller, except, "name other connections, or nobody is reached", "`except`");
    if (client === undefined && "client" in options) {
      throw misuse(caller, client, "give the client of the transaction, or leave it out", "`client`");
    }
    const record: RevocationRecord = {
      id: crypto.randomUUID(),
      subject,
      effect,
      ...(except !== undefined && { except }),
    };
    const { id } = record;
    if (client !== undefined) {
      await this.#log.append(record, { client });
      return { id, here: 0 };
    }
    this.#whenUnheard?.();
    const here = this.apply(record);
    try {
      await this.#append(record);
    } catch (error) {
      this.#unwritten.add(record);
      throw new RevocationNotDurable(id, here, error);
    }
    return { id, here };
  }

  async #append(record: RevocationRecord): Promise<void> {
    const controller = new AbortController();
    try {
      await within(APPEND_TIMEOUT, this.#log.append(record, { signal: controller.signal }), true);
    } finally {
      controller.abort();
    }
  }
}
