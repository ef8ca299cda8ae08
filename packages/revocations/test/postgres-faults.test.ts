import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { PostgresLog, type PostgresPosition } from "../src/postgres-log.js";
import { statementsFor } from "../src/postgres-table.js";
import { Creditor, newRecord } from "./debts.js";
import { poolOf, type RunningPostgres, startPostgres } from "./postgres-harness.js";

const READERS = 2;
const TRANSACTIONS = 4;
const transaction = fc.nat(TRANSACTIONS - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("append" as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("read" as const), reader: fc.nat(READERS - 1) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("append in" as const), transaction }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("append in a part of" as const), transaction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("append in a lost part of" as const), transaction }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("commit" as const), transaction }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("abort" as const), transaction }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete old rows" as const), reader: fc.nat(READERS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wipe" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** A table, processes that read it, and transactions that are open. */
class Scene {
  readonly table: string;
  readonly #pool: pg.Pool;
  readonly #log: PostgresLog;
  readonly #readers: Creditor<PostgresPosition>[];
  readonly #open = new Map<number, { client: pg.PoolClient; ids: string[] }>();

  constructor(pool: pg.Pool, table: string) {
    this.table = table;
    this.#pool = pool;
    const statements = statementsFor(table);
    this.#log = new PostgresLog(pool, statements);
    this.#readers = Array.from({ length: READERS }, () => new Creditor(new PostgresLog(pool, statements)));
  }

  async take(one: Step): Promise<void> {
    if (one.kind === "read") return this.#readers[one.reader]?.read();
    if (one.kind === "wipe") return void (await this.#pool.query(`DELETE FROM ${this.table}`));
    if (one.kind === "restore") return restore(this.#pool, this.table);
    if (one.kind === "delete old rows") return this.#tidy(this.#readers[one.reader]?.position);
    if (one.kind === "append") {
      const record = newRecord();
      await this.#log.append(record);
      return this.#owe([record.id]);
    }
    if (one.kind === "commit" || one.kind === "abort") return this.#end(one.transaction, one.kind);
    return this.#appendIn(one.transaction, one.kind);
  }

  /** Ends everything. Then each process reads once more. */
  async end(): Promise<void> {
    for (const number of this.#open.keys()) await this.#end(number, "commit");
    for (const reader of this.#readers) await reader.read();
    await this.#pool.query(`DROP TABLE ${this.table}`);
  }

  #owe(ids: readonly string[]): void {
    for (const id of ids) for (const reader of this.#readers) reader.owe(id);
  }

  async #appendIn(number: number, kind: string): Promise<void> {
    const open = this.#open.get(number) ?? { client: await this.#pool.connect(), ids: [] };
    if (!this.#open.has(number)) await open.client.query("BEGIN");
    this.#open.set(number, open);
    const record = newRecord();
    const isPart = kind !== "append in";
    if (isPart) await open.client.query("SAVEPOINT part");
    await this.#log.append(record, { client: open.client });
    if (kind === "append in a lost part of") await open.client.query("ROLLBACK TO SAVEPOINT part");
    else open.ids.push(record.id);
    if (isPart) await open.client.query("RELEASE SAVEPOINT part");
  }

  async #end(number: number, kind: "commit" | "abort"): Promise<void> {
    const open = this.#open.get(number);
    if (open === undefined) return;
    this.#open.delete(number);
    await open.client.query(kind === "commit" ? "COMMIT" : "ROLLBACK");
    open.client.release();
    if (kind === "commit") this.#owe(open.ids);
  }

  /** A day has passed for all rows, and a process deletes those that were visible to it. */
  async #tidy(position: PostgresPosition | undefined): Promise<void> {
    if (position === undefined) return;
    await this.#pool.query(`UPDATE ${this.table} SET created_at = now() - interval '2 days'`);
    await this.#pool.query(statementsFor(this.table).tidy, [position.snapshot]);
  }
}

/** Makes the rows those of a server that had more transactions, as after the restoration of a dump. */
async function restore(pool: pg.Pool, table: string): Promise<void> {
  await pool.query(`UPDATE ${table} SET xid = ((xid::text)::bigint + 1000000)::text::xid8`);
}

describe.skipIf(findProgram("Postgres") === undefined)("transactions on Postgres", () => {
  let server: RunningPostgres;
  let pool: pg.Pool;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
    pool = poolOf(server.url, TRANSACTIONS + 2);
  }, 60_000);
  afterAll(async () => {
    await pool?.end();
    await server?.remove();
  });

  test("every record is read once, or a gap is told", {
    timeout: 180_000,
  }, async () => {
    const run = async (steps: readonly Step[]) => {
      count += 1;
      const scene = new Scene(pool, `faults_${count}`);
      await pool.query(statementsFor(scene.table).create);
      try {
        for (const one of steps) await scene.take(one);
      } finally {
        await scene.end();
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), run), { numRuns: 80 });
  });

  test("a restored dump is told as one gap", async () => {
    const statements = statementsFor("restored");
    await pool.query(statements.create);
    const log = new PostgresLog(pool, statements);
    const { position } = await log.read();
    await log.append(newRecord());
    await restore(pool, "restored");
    const first = await log.read(position);
    const later = newRecord();
    await log.append(later);
    const second = await log.read(first.position);
    expect([first.records, first.whole]).toEqual([[], false]);
    expect([second.records, second.whole]).toEqual([[later], true]);
  });
});
