/**
 * Revocations over the Postgres of the application.
 *
 * @module @portcullis/revocations/postgres
 */

import { Revocations } from "@portcullis/core/continuity";
import { checkKeys, misuse } from "@portcullis/core/internal";
import { PostgresLog, type PostgresQuerier } from "./postgres-log.js";
import { createStatement, readTable, statementsFor } from "./postgres-table.js";

export type { PostgresQuerier } from "./postgres-log.js";

/** Options of `postgresRevocations()`. */
export interface PostgresRevocationsOptions {
  /** A pool of `pg` 8. It must reach the primary. */
  pool: PostgresQuerier;
  /** The name of the table, in lower case, with its schema where it has one. Default: `portcullis_revocations`. */
  table?: string;
}

const CALLER = "postgresRevocations()";
const TABLE = "portcullis_revocations";

/**
 * Revocations that reach every process which uses the same table of Postgres 13 or later. Takes the pool of the
 * application. The process reads the table every 250 ms, and deletes rows that are older than a day.
 *
 * `revoke(subject, { client })` writes the record in a transaction of the application: it acts after the commit, or
 * never.
 *
 * @param options `pool` (required), `table` (a name in lower case).
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { postgresRevocations } from "@portcullis/revocations/postgres";
 * import pg from "pg";
 * const pool = new pg.Pool({ connectionString: "postgres://127.0.0.1/app" });
 * pool.on("error", console.error);
 * const revocations = postgresRevocations({ pool });
 * // guard(server, policy, { authenticate, identify, continuity: continuity({ revocations }) });
 * // await revocations.revoke("user:42");
 * ```
 */
export function postgresRevocations(options: PostgresRevocationsOptions): Revocations {
  if ("query" in Object(options)) throw misuse(CALLER, options, "give the pool as { pool }");
  checkKeys(CALLER, options, ["pool", "table"]);
  const { pool, table = TABLE } = options;
  if (typeof (Object(pool) as Partial<PostgresQuerier>).query !== "function") {
    throw misuse(CALLER, pool, "give a pool of pg 8, as in { pool: new pg.Pool({ connectionString }) }", "`pool`");
  }
  return new Revocations(new PostgresLog(pool, statementsFor(readTable(CALLER, table))));
}

/**
 * Gives the SQL that creates the table, for a migration.
 *
 * @param table The option `table` of `postgresRevocations()`. Default: `portcullis_revocations`.
 * @returns Two statements, for Postgres 13 and later.
 * @throws {PermissionMisuse} When the name is not in lower case, or has other characters than letters, digits and `_`.
 * @example
 * ```ts
 * import { revocationsTable } from "@portcullis/revocations/postgres";
 * console.assert(revocationsTable("app.revocations").startsWith("CREATE TABLE app.revocations"));
 * ```
 */
export function revocationsTable(table: string = TABLE): string {
  return createStatement(readTable("revocationsTable()", table));
}
