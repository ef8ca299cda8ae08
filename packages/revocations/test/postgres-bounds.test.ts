import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { PostgresLog } from "../src/postgres-log.js";
import { MAX_ROWS, statementsFor } from "../src/postgres-table.js";
import { newRecord } from "./debts.js";
import { poolOf, type RunningPostgres, startPostgres } from "./postgres-harness.js";

const TIMEOUT = 60_000;

describe.skipIf(findProgram("Postgres") === undefined)("one read of a table of Postgres", () => {
  let server: RunningPostgres;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await startPostgres();
    pool = poolOf(server.url);
  }, TIMEOUT);
  afterAll(async () => {
    await pool?.end();
    await server?.remove();
  });

  test.each([
    ["takes all of as many rows as it may", "whole", MAX_ROWS, true],
    ["tells that one row more is missing", "cut", MAX_ROWS + 1, false],
  ])("%s", { timeout: TIMEOUT }, async (_what, table, count, whole) => {
    const statements = statementsFor(table);
    const log = new PostgresLog(pool, statements);
    await pool.query(statements.create);
    const { position } = await log.read();
    await pool.query(
      `INSERT INTO ${table} (id, subject, effect)
        SELECT gen_random_uuid(), 'user:' || n, 'revoke' FROM generate_series(1, $1::int) n`,
      [count],
    );
    const batch = await log.read(position);
    expect(batch.whole).toBe(whole);
    if (whole) expect(new Set(batch.records.map(({ subject }) => subject)).size).toBe(count);
    expect(await log.read(batch.position)).toMatchObject({ records: [], whole: true });
  });

  test("gives no rows that were deleted as old, and tells it", { timeout: TIMEOUT }, async () => {
    const statements = statementsFor("old");
    const log = new PostgresLog(pool, statements);
    await pool.query(statements.create);
    const begin = await log.read();
    const [old, young, unread] = [newRecord(), newRecord(), newRecord()];
    await log.append(old);
    await log.append(young);
    const { position } = await log.read(begin.position);
    await log.append(unread);
    const aged = "UPDATE old SET created_at = now() - interval '25 hours' WHERE id = ANY($1)";
    await pool.query(aged, [[old.id, unread.id]]);
    await pool.query(statements.tidy, [position.snapshot]);
    // A process that is behind misses the old one, and others nothing.
    expect(await log.read(begin.position)).toMatchObject({ records: [young, unread], whole: false });
    expect(await log.read(position)).toMatchObject({ records: [unread], whole: true });
  });
});
