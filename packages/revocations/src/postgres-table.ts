import { misuse } from "@portcullis/core/internal";

const NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;

/** The id of the one row that is no record. Its `subject` names the table as it is now, its `xid` what was deleted. */
const MARK = "00000000-0000-0000-0000-000000000000";

/** Rows of one read. Where there are more, the others count as missing. */
export const MAX_ROWS = 10_000;

/** The statements of the log. */
export interface Statements {
  readonly create: string;
  readonly append: string;
  readonly mark: string;
  readonly adopt: string;
  readonly read: string;
  readonly tidy: string;
}

/**
 * Checks the name of a table.
 *
 * @throws {PermissionMisuse} When it is not in lower case, or has other characters than letters, digits and `_`.
 */
export function readTable(caller: string, table: unknown): string {
  if (typeof table === "string" && NAME.test(table)) return table;
  throw misuse(caller, table, 'give a name in lower case, as in "app.revocations"', "`table`");
}

/** The SQL that creates the table of revocations. */
export function createStatement(table: string): string {
  return `CREATE TABLE ${table} (
  id uuid PRIMARY KEY,
  subject text NOT NULL,
  effect text NOT NULL,
  except_subject text,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON ${table} (xid);`;
}

/**
 * Makes the statements for a table.
 *
 * A read takes the rows that are visible now and were not in the snapshot of the read before. The sequence of ids would
 * not do, because transactions do not commit in the order in which they begin. A row that was deleted since is known
 * from the mark: its `xid` is above those of all deleted rows.
 *
 * A dump that was restored on another server has numbers of transactions that are still to come there. Such rows are past.
 */
export function statementsFor(table: string): Statements {
  return {
    create: createStatement(table),
    append: `INSERT INTO ${table} (id, subject, effect, except_subject) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
    mark: `INSERT INTO ${table} (id, subject, effect, xid) VALUES ('${MARK}', $1, 'mark', '0') ON CONFLICT (id) DO NOTHING`,
    adopt: `WITH past AS (
  UPDATE ${table} SET xid = '0' WHERE id <> '${MARK}' AND xid >= pg_snapshot_xmax(pg_current_snapshot())
)
UPDATE ${table} SET subject = $1, xid = '0' WHERE id = '${MARK}' AND subject = $2`,
    read: `SELECT s.now::text AS snapshot, extract(epoch FROM pg_postmaster_start_time())::text AS started,
  m.subject AS mark, coalesce(m.xid <= pg_snapshot_xmin($1::pg_snapshot), false)::text AS kept,
  coalesce(greatest(m.xid, r.xid) >= pg_snapshot_xmax(s.now), false)::text AS future,
  r.id::text, r.subject, r.effect, r.except_subject
FROM (SELECT pg_current_snapshot() AS now) s
LEFT JOIN ${table} m ON m.id = '${MARK}'
LEFT JOIN ${table} r ON r.id <> '${MARK}'
  AND r.xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(r.xid, $1::pg_snapshot)
ORDER BY r.xid LIMIT ${MAX_ROWS + 1}`,
    tidy: `WITH gone AS (
  DELETE FROM ${table} WHERE id <> '${MARK}' AND created_at < now() - interval '1 day'
    AND xid < pg_snapshot_xmin($1::pg_snapshot) RETURNING 1
)
UPDATE ${table} SET xid = greatest(xid, pg_snapshot_xmin($1::pg_snapshot))
WHERE id = '${MARK}' AND EXISTS (SELECT 1 FROM gone)`,
  };
}
