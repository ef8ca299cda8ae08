import type { RevocationRecord, Revocations } from "@portcullis/core/continuity";
import { Redis } from "ioredis";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { startPostgres, startRedis } from "../../../scripts/test-servers.mjs";
import { postgresRevocations, revocationsTable } from "../src/postgres.js";
import { redisRevocations } from "../src/redis.js";
import { poolOf } from "./postgres-harness.js";

const TIMEOUT = 60_000;
const leaving: (() => void)[] = [];
afterEach(() => {
  for (const leave of leaving.splice(0)) leave();
});

/** Follows a log, and collects the subjects that were applied. */
async function follow(revocations: Revocations): Promise<string[]> {
  const applied: string[] = [];
  const target = { apply: ({ subject }: RevocationRecord) => applied.push(subject), applyLoss: () => undefined };
  revocations.follow(target);
  leaving.push(() => revocations.leave(target));
  return applied;
}

const placed = (revocations: Revocations) => expect.poll(() => revocations.gauges.sinceRead).toBeDefined();

describe.skipIf(findProgram("Postgres") === undefined)("revoke on Postgres", () => {
  const open = async () => {
    const server = await startPostgres();
    const pool = poolOf(server.url);
    onTestFinished(async () => {
      await pool.end();
      await server.remove();
    });
    return pool;
  };

  test("a missing table is told, until it exists", { timeout: TIMEOUT }, async () => {
    const pool = await open();
    const revocations = postgresRevocations({ pool });
    await follow(revocations);
    await expect.poll(() => String(revocations.gauges.error)).toContain(revocationsTable());
    const error = await revocations.revoke("user:1").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "RevocationNotDurable", here: 1, cause: { code: "permission_misuse" } });
    await pool.query(revocationsTable());
    await placed(revocations);
    expect(revocations.gauges).toMatchObject({ failures: 0, error: undefined });
    // The record that was not durable is appended once the table is there.
    await expect
      .poll(async () => (await pool.query("SELECT subject FROM portcullis_revocations WHERE effect = 'revoke'")).rows)
      .toEqual([{ subject: "user:1" }]);
  });

  test("a revocation in a transaction acts after the commit", { timeout: TIMEOUT }, async () => {
    const pool = await open();
    await pool.query(revocationsTable());
    const revocations = postgresRevocations({ pool });
    const applied = await follow(revocations);
    await placed(revocations);
    const client = await pool.connect();
    await client.query("BEGIN");
    expect(await revocations.revoke("user:lost", { client })).toMatchObject({ here: 0 });
    await client.query("ROLLBACK");
    await client.query("BEGIN");
    expect(await revocations.revoke("user:1", { client })).toMatchObject({ here: 0 });
    await revocations.revoke("user:2");
    expect(applied).toEqual(["user:2"]);
    await client.query("COMMIT");
    client.release();
    await expect.poll(() => applied).toEqual(["user:2", "user:1"]);
  });
});

describe.skipIf(findProgram("redis-server") === undefined)("revoke on redis-server", () => {
  test("a record that Redis could not take comes later", { timeout: TIMEOUT }, async () => {
    const server = await startRedis({ isDurable: true });
    const clients = [1, 2].map(() => new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: 1 }));
    for (const client of clients) client.on("error", () => undefined);
    onTestFinished(async () => {
      for (const client of clients) client.disconnect();
      await server.remove();
    });
    const [here, there] = clients.map((client) => redisRevocations({ client })) as [Revocations, Revocations];
    const [applied, elsewhere] = [await follow(here), await follow(there)];
    await placed(here);
    await placed(there);
    await server.kill();
    await expect(here.revoke("user:1")).rejects.toMatchObject({ name: "RevocationNotDurable", here: 1 });
    expect(applied).toEqual(["user:1"]);
    await expect.poll(() => there.gauges.failures).toBeGreaterThan(0);
    expect(there.gauges.error).toBeInstanceOf(Error);
    await server.start();
    await expect.poll(() => elsewhere).toEqual(["user:1"]);
    expect(applied).toEqual(["user:1"]);
  });
});
