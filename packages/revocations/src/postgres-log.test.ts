import { PermissionMisuse } from "@portcullis/core";
import type { RevocationRecord } from "@portcullis/core/continuity";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { revocationsTable } from "./postgres.js";
import { PostgresLog } from "./postgres-log.js";
import { statementsFor } from "./postgres-table.js";

const statements = statementsFor("t");
const record: RevocationRecord = { id: "1", subject: "user:1", effect: "revoke", except: "session:2" };
const server = { snapshot: "5:5:", started: "1.5", mark: "m" };
const nothing = { ...server, kept: "true", id: null, subject: null, effect: null, except_subject: null };
const row = { ...server, kept: "true", id: "1", subject: "user:1", effect: "revoke", except_subject: "session:2" };

/** A pool with scripted answers. */
function poolOf(...answers: unknown[]) {
  const asked: { text: string; values: readonly unknown[]; query_timeout?: number }[] = [];
  const pool = {
    async query(statement: { text: string; values: readonly unknown[] }) {
      asked.push(statement);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { asked, log: new PostgresLog(pool, statements) };
}

test("a row is read as a record, of the same server and table", async () => {
  const { log } = poolOf({ rows: [row] });
  expect(await log.read(server)).toEqual({ records: [record], position: server, whole: true });
});

test.each([{ started: "2" }, { mark: "other" }])("rows of another server or table are not read: %j", async (change) => {
  const { log } = poolOf({ rows: [{ ...row, ...change }] });
  expect(await log.read(server)).toEqual({ records: [], position: { ...server, ...change }, whole: false });
});

test("rows that were deleted are a gap", async () => {
  const { log } = poolOf({ rows: [{ ...row, kept: "false" }] });
  expect(await log.read(server)).toMatchObject({ records: [record], whole: false });
});

test("a row that is no record is a gap", async () => {
  const { log } = poolOf({ rows: [{ ...row, effect: "ban" }, row] });
  expect(await log.read(server)).toMatchObject({ records: [record], whole: false });
});

test.each([
  [10_000, true],
  [10_001, false],
])("a read of %d rows is whole: %s", async (length, whole) => {
  const { log } = poolOf({ rows: Array.from({ length }, () => row) });
  expect(await log.read(server)).toMatchObject({ whole });
});

test("a table without a mark is given one", async () => {
  const { log, asked } = poolOf({ rows: [{ ...nothing, mark: null }] }, { rows: [] }, { rows: [nothing] });
  expect(await log.read()).toEqual({ records: [], position: server, whole: true });
  expect(asked.map(({ text, values }) => [text, values])).toEqual([
    [statements.read, [null]],
    [statements.mark, [expect.any(String)]],
    [statements.read, [null]],
  ]);
});

test("every statement has a timeout", async () => {
  const { log, asked } = poolOf({ rows: [] }, { rows: [nothing] });
  await log.append(record);
  await log.read();
  expect(asked.map(({ query_timeout }) => query_timeout)).toEqual([5_000, 5_000]);
  expect(asked[0]?.values).toEqual(["1", "user:1", "revoke", "session:2"]);
});

test("answers that make no sense are failures", async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), fc.array(fc.anything()), async (answer, rows) => {
      await expect(poolOf({ rows: answer }, { rows }).log.read(server)).rejects.toThrow(TypeError);
      await expect(poolOf(answer).log.append(record)).rejects.toThrow(TypeError);
    }),
  );
});

test("a missing table is told with the SQL to run", async () => {
  const missing = (code = "42P01") => Object.assign(new Error('relation "t" does not exist'), { code });
  const { log } = poolOf(missing("42703"), missing());
  await expect(log.read()).rejects.toMatchObject({ code: "permission_misuse" });
  await expect(log.append(record)).rejects.toThrow(revocationsTable("t"));
  const client = {
    query: async () => {
      throw missing();
    },
  };
  await expect(log.append(record, { client })).rejects.toThrow(revocationsTable("t"));
});

test.each<[string, (pool: object) => unknown]>([
  ["the pool of the log", (pool) => pool],
  ["another pool", (pool) => ({ ...pool, totalCount: 0 })],
  ["an object without queries", () => ({})],
])("%s is no client of a transaction", async (_what, clientFrom) => {
  const pool = { query: async () => ({ rows: [] }) };
  const advice = "give the client of the transaction, as in `const client = await pool.connect()`";
  await expect(new PostgresLog(pool, statements).append(record, { client: clientFrom(pool) })).rejects.toThrow(
    new PermissionMisuse(`postgresRevocations() got an object as \`client\`: ${advice}`),
  );
});

test("any other error stays as it is", async () => {
  const error = Object.assign(new Error("away"), { code: "57P01" });
  await expect(poolOf(error).log.read()).rejects.toBe(error);
});

test("reads without an answer are not repeated", () => {
  const query = vi.fn(() => new Promise(() => undefined));
  const log = new PostgresLog({ query }, statements);
  for (let poll = 0; poll < 10; poll += 1) void log.read(server);
  expect(query).toHaveBeenCalledTimes(1);
});

test("old rows are deleted with an earlier snapshot", async () => {
  vi.useFakeTimers();
  try {
    const later = { ...nothing, snapshot: "9:9:" };
    const { log, asked } = poolOf({ rows: [nothing] }, { rows: [later] }, { rows: [later] }, new Error("away"));
    vi.advanceTimersByTime(600_000);
    await log.read();
    vi.advanceTimersByTime(599_999);
    await log.read(server);
    vi.advanceTimersByTime(1);
    await log.read(server);
    const tidy = asked.filter(({ text }) => text === statements.tidy);
    expect(tidy.map(({ values }) => values)).toEqual([["5:5:"]]);
  } finally {
    vi.useRealTimers();
  }
});

test("nothing is deleted with a snapshot of another server", async () => {
  vi.useFakeTimers();
  try {
    const { log, asked } = poolOf({ rows: [nothing] }, { rows: [{ ...nothing, started: "2" }] });
    await log.read();
    vi.advanceTimersByTime(600_000);
    await log.read(server);
    expect(asked).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

test("a read without new rows is whole", async () => {
  const { log, asked } = poolOf({ rows: [nothing] });
  expect(await log.read(server)).toEqual({ records: [], position: server, whole: true });
  expect(asked.map(({ text, values }) => [text, values])).toEqual([[statements.read, [server.snapshot]]]);
});

test("rows from the future of the server are read as past", async () => {
  const { log, asked } = poolOf(
    {
      rows: [
        { ...row, future: "false" },
        { ...row, future: "true" },
      ],
    },
    { rows: [] },
    { rows: [nothing] },
  );
  expect(await log.read(server)).toEqual({ records: [], position: server, whole: true });
  expect(asked.map(({ text, values }) => [text, values])).toEqual([
    [statements.read, [server.snapshot]],
    [statements.adopt, [expect.any(String), "m"]],
    [statements.read, [server.snapshot]],
  ]);
});

test("reads from two positions are both made", async () => {
  const { log, asked } = poolOf({ rows: [nothing] }, { rows: [row] }, { rows: [nothing] });
  await Promise.all([log.read(), log.read(server), log.read({ ...server, snapshot: "9:9:" })]);
  expect(asked.map(({ values }) => values)).toEqual([[null], ["5:5:"], ["9:9:"]]);
});

test.each([
  ["no row", []],
  ["no snapshot", [{ ...nothing, snapshot: null }]],
  ["no start", [{ ...nothing, started: 1 }]],
  ["no mark", [{ ...nothing, mark: null }]],
])("a read with %s has no position", async (_what, rows) => {
  const { log } = poolOf({ rows }, { rows }, { rows });
  await expect(log.read()).rejects.toThrow(new TypeError("the pool has not answered the position of the log"));
});

test.each([undefined, {}, { rows: "none" }])("the answer %j has no rows", async (answer) => {
  const error = await poolOf(answer)
    .log.append(record)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  if (answer) expect(error).toEqual(new TypeError("the pool has not answered rows"));
});
