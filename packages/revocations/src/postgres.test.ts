import { readFileSync } from "node:fs";
import { PermissionMisuse } from "@portcullis/core";
import { expect, test } from "vitest";
import { postgresRevocations, revocationsTable } from "./postgres.js";

const pool = { query() {} };
const POOL = "give a pool of pg 8, as in { pool: new pg.Pool({ connectionString }) }";
const NAME = 'give a name in lower case, as in "app.revocations"';

test.each([
  [undefined, "postgresRevocations() got undefined: give an object with pool, table"],
  [{}, `postgresRevocations() got undefined as \`pool\`: ${POOL}`],
  [pool, "postgresRevocations() got an object: give the pool as { pool }"],
  [{ pool: { query: "no" } }, `postgresRevocations() got an object as \`pool\`: ${POOL}`],
  [{ pool, table: "Revocations" }, `postgresRevocations() got "Revocations" as \`table\`: ${NAME}`],
  [{ pool, tabel: "x" }, "postgresRevocations() has no option `tabel`: write `table`; the options are pool, table"],
])("options %# are a misuse", (options, message) => {
  expect(() => postgresRevocations(options as never)).toThrow(new PermissionMisuse(message));
});

test.each(["t", "_t1", "app.revocations", "_a.b_2"])("the table %j is taken", (table) => {
  expect(revocationsTable(table)).toContain(`CREATE TABLE ${table} (`);
});

test.each([
  "",
  "1t",
  ".t",
  "app.",
  "app.1t",
  "a.b.c",
  "a-b",
  "T",
  "App.t",
  "app.T",
  " t",
  "t ",
  "t\n",
  "x; DROP TABLE t",
])("the table %j is a misuse", (table) => {
  const shown = JSON.stringify(table.replace("\n", "?"));
  expect(() => revocationsTable(table)).toThrow(
    new PermissionMisuse(`revocationsTable() got ${shown} as \`table\`: ${NAME}`),
  );
});

test.each([
  [1, "1"],
  [["t"], "a list"],
])("the table %j is no text", (table, shown) => {
  expect(() => revocationsTable(table as never)).toThrow(
    new PermissionMisuse(`revocationsTable() got ${shown} as \`table\`: ${NAME}`),
  );
});

test.each([
  [{}, "portcullis_revocations"],
  [{ table: "app.revocations" }, "app.revocations"],
])("options %j name the table", async (options, table) => {
  const asked: { text: string }[] = [];
  const query = async (statement: { text: string }) => {
    asked.push(statement);
    return { rows: [] };
  };
  await postgresRevocations({ pool: { query }, ...options }).revoke("user:1");
  expect(asked.map(({ text }) => text)).toEqual([expect.stringContaining(`INSERT INTO ${table} (`)]);
});

test.each(["../README.md", "../../../docs/several-processes.md"])("the SQL of %s is that of the package", (page) => {
  const text = readFileSync(new URL(page, import.meta.url), "utf8");
  expect(text).toContain(`\n\`\`\`sql\n${revocationsTable()}\n\`\`\`\n`);
});
