import { PermissionMisuse } from "@portcullis/core";
import type { AppendOptions, RevocationBatch, RevocationLog, RevocationRecord } from "@portcullis/core/continuity";
import { misuse } from "@portcullis/core/internal";
import { CallsUnderWay } from "./calls-under-way.js";
import { MAX_ROWS, type Statements } from "./postgres-table.js";
import { readRecord } from "./record-text.js";

/** Milliseconds after which `pg` gives up a statement, and closes its connection. */
const QUERY_TIMEOUT = 5_000;
/** Milliseconds between two deletions of old rows. */
const TIDY = 600_000;
/** Codes of Postgres: the table, or one of its columns, does not exist. */
const ABSENT: readonly unknown[] = ["42P01", "42703"];

/** A pool, or a client, of `pg` 8. */
export interface PostgresQuerier {
  query(...parameters: never[]): unknown;
}

/** What a read knows of the server, and of the table. */
export interface PostgresPosition {
  /** The transactions that were over. */
  readonly snapshot: string;
  /** The time at which the server has started. Another server has other transactions. */
  readonly started: string;
  /** A name that the table has until somebody empties it. */
  readonly mark: string;
}

type Row = Readonly<Record<string, unknown>>;
type Query = (statement: object | string, values?: readonly unknown[]) => PromiseLike<{ rows: readonly Row[] }>;

/** A log in a table of Postgres. A read takes the rows that became visible since the read before. */
export class PostgresLog implements RevocationLog<PostgresPosition> {
  readonly #pool: PostgresQuerier;
  readonly #statements: Statements;
  readonly #calls = new CallsUnderWay();
  /** An earlier position. Rows that were visible then have been read by all processes that read at all. */
  #horizon: (PostgresPosition & { readonly at: number }) | undefined;

  constructor(pool: PostgresQuerier, statements: Statements) {
    this.#pool = pool;
    this.#statements = statements;
  }

  async append(record: RevocationRecord, { client }: AppendOptions = {}): Promise<void> {
    const { id, subject, effect, except = null } = record;
    const values = [id, subject, effect, except];
    if (client === undefined) {
      await this.#calls.run(id, () => this.#ask(this.#statements.append, values));
      return;
    }
    const { query, totalCount } = Object(client) as { query?: unknown; totalCount?: unknown };
    // A pool gives each query to any of its clients, so the record would be no part of the transaction.
    if (typeof query !== "function" || client === this.#pool || totalCount !== undefined) {
      const advice = "give the client of the transaction, as in `const client = await pool.connect()`";
      throw misuse("postgresRevocations()", client, advice, "`client`");
    }
    try {
      // Without a timeout of its own: the transaction belongs to the application.
      await (query as Query).call(client, this.#statements.append, values);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  read(position?: PostgresPosition): Promise<RevocationBatch<PostgresPosition>> {
    return this.#calls.run(position?.snapshot ?? "end", () => this.#readFrom(position));
  }

  async #readFrom(from: PostgresPosition | undefined): Promise<RevocationBatch<PostgresPosition>> {
    const read = () => this.#ask(this.#statements.read, [from?.snapshot ?? null]);
    let rows = await read();
    const mark = rows[0]?.mark;
    if (typeof mark !== "string") {
      await this.#ask(this.#statements.mark, [crypto.randomUUID()]);
      rows = await read();
    } else if (rows.some(({ future }) => future === "true")) {
      await this.#ask(this.#statements.adopt, [crypto.randomUUID(), mark]);
      rows = await read();
    }
    const position = positionIn(rows[0]);
    this.#tidyUp(position);
    if (from === undefined) return { records: [], position, whole: true };
    // The transactions of another server, or of another table, cannot be compared.
    if (!isSame(from, position)) return { records: [], position, whole: false };
    const entries = rows.filter(({ id }) => id !== null);
    const records = entries.flatMap((row) => readRecord({ ...row, except: row.except_subject }) ?? []);
    const isComplete = records.length === entries.length && entries.length <= MAX_ROWS;
    return { records, position, whole: isComplete && rows[0]?.kept === "true" };
  }

  /** Deletes rows that are older than a day. Nothing waits for it. */
  #tidyUp(position: PostgresPosition): void {
    const horizon = this.#horizon;
    const at = performance.now();
    if (horizon !== undefined && isSame(horizon, position)) {
      if (at - horizon.at < TIDY) return;
      // A failure is tried again after the same time.
      this.#ask(this.#statements.tidy, [horizon.snapshot]).catch(() => undefined);
    }
    this.#horizon = { ...position, at };
  }

  async #ask(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      const { rows } = await (this.#pool.query as Query).call(this.#pool, {
        text,
        values,
        query_timeout: QUERY_TIMEOUT,
      });
      if (Array.isArray(rows)) return rows;
    } catch (error) {
      throw this.#explain(error);
    }
    throw new TypeError("the pool has not answered rows");
  }

  #explain(error: unknown): unknown {
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    if (!ABSENT.includes(code)) return error;
    return new PermissionMisuse(
      `postgresRevocations() cannot use its table (${message}): run this SQL once, in a migration\n${this.#statements.create}`,
    );
  }
}

function positionIn(row: Row | undefined): PostgresPosition {
  const { snapshot, started, mark } = row ?? {};
  if (typeof snapshot === "string" && typeof started === "string" && typeof mark === "string") {
    return { snapshot, started, mark };
  }
  throw new TypeError("the pool has not answered the position of the log");
}

function isSame(one: PostgresPosition, other: PostgresPosition): boolean {
  return one.started === other.started && one.mark === other.mark;
}
