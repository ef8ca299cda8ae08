// @ts-check

/**
 * A rule of the log of revocations, and how it is taken out of the sources. `test` is the file that finds it; without one
 * the simulated runs do.
 *
 * @typedef {import("../interleavings/planted-rules.mjs").Planted & { test?: string }} PlantedInLog
 */

const POSTGRES = "packages/revocations/test/postgres.test.ts";

/** @type {readonly PlantedInLog[]} */
export const PLANTED_IN_LOG = [
  {
    section: 6,
    rule: "a record that comes is compared with the open sessions",
    file: "core/src/continuity/guard-continuity.ts",
    from: "const leases = [...this.index.of(record.subject)].filter(isAddressed);",
    to: "const leases = ([] as Lease[]).filter(isAddressed);",
  },
  {
    section: 6,
    rule: "a record is compared with connections that are admitted and not open",
    file: "core/src/continuity/guard-continuity.ts",
    from: "at !== undefined; at = at.next",
    to: "false; at = at?.next",
  },
  {
    section: 5,
    rule: "a connection holds a place of the queue for one question",
    file: "core/src/continuity/reauthentication.ts",
    from: "      watch.end();\n      release();\n",
    to: "      watch.end();\n      if (this.#isDemanded) this.#whenAnswered.add(release);\n      else release();\n",
  },
  {
    section: 6,
    rule: "a client is authenticated again at most three times",
    file: "core/src/continuity/authentication-watch.ts",
    from: "return repeats > 0 ? this.run(ask, repeats - 1) : UNSETTLED;",
    to: "return this.run(ask, repeats);",
  },
  {
    section: 6,
    rule: "a connection that was revoked may come back",
    file: "core/src/continuity/endings.ts",
    from: 'createDecision("deny", "revoked", {\n  status: 401,',
    to: 'createDecision("deny", "revoked", {\n  status: 403,',
  },
  {
    section: 6,
    rule: "Redis: records may be missing where the last entry is not there",
    file: "revocations/src/redis-log.ts",
    from: "if (!isKnown) whole = false;",
    to: "",
  },
  {
    section: 6,
    rule: "Redis: an end before the last entry read is told",
    file: "revocations/src/redis-log.ts",
    from: "const isKnown = entries[0]?.id === position.id && entries[0].text === position.text;",
    to: "const isKnown = entries[0] === undefined || (entries[0].id === position.id && entries[0].text === position.text);",
  },
  {
    section: 6,
    rule: "Redis: the content of the last entry is compared too",
    file: "revocations/src/redis-log.ts",
    from: " && entries[0].text === position.text",
    to: "",
  },
  {
    section: 6,
    rule: "missing records lead to revalidation",
    file: "core/src/continuity/follower.ts",
    from: "if (!this.#isPlaced || !whole) this.#target.applyLoss();",
    to: "if (!this.#isPlaced) this.#target.applyLoss();",
  },
  {
    section: 6,
    rule: "missing records concern authentications under way too",
    file: "core/src/continuity/revocations.ts",
    from: "    this.recent.add(undefined);\n",
    to: "",
  },
  {
    section: 6,
    rule: "connections are revalidated that came before the position was known",
    file: "core/src/continuity/follower.ts",
    from: "if (!this.#isPlaced || !whole) this.#target.applyLoss();",
    to: "if (!whole) this.#target.applyLoss();",
  },
  {
    section: 6,
    rule: "Postgres: the numbers of another server are not compared",
    file: "revocations/src/postgres-log.ts",
    from: "if (!isSame(from, position)) return",
    to: "if (from.mark !== position.mark) return",
  },
  {
    section: 6,
    rule: "Postgres: a table that was emptied is told",
    file: "revocations/src/postgres-log.ts",
    from: "if (!isSame(from, position)) return",
    to: "if (from.started !== position.started) return",
  },
  {
    section: 6,
    rule: "Postgres: rows are read by snapshots, not by their sequence",
    file: "revocations/src/postgres-table.ts",
    from: "r.xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(r.xid, $1::pg_snapshot)",
    to: "r.xid >= pg_snapshot_xmax($1::pg_snapshot)",
    test: POSTGRES,
  },
  {
    section: 6,
    rule: "a record in a transaction is written by the client of the transaction",
    file: "revocations/src/postgres-log.ts",
    from: "await (query as Query).call(client, this.#statements.append, values);",
    to: "await this.#ask(this.#statements.append, values);",
    test: POSTGRES,
  },
  {
    section: 6,
    rule: "a record in a transaction does not act before the commit",
    file: "core/src/continuity/revocations.ts",
    from: "    if (client !== undefined) {\n",
    to: "    if (client !== undefined) {\n      this.apply(record);\n",
  },
  {
    section: 6,
    rule: "a record in a transaction acts in its own process once it is read",
    file: "core/src/continuity/revocations.ts",
    from: "    if (client !== undefined) {\n",
    to: "    if (client !== undefined) {\n      this.#seen.add(id);\n",
  },
  {
    section: 6,
    rule: "a log that cannot be read refuses nobody",
    file: "core/src/continuity/guard-continuity.ts",
    from: "new AuthenticationWatch(identify as Identify,",
    to: 'new AuthenticationWatch((this.options.revocations?.gauges.error ? () => "lost" : identify) as Identify,',
  },
  {
    section: 6,
    rule: "a record that could not be appended is appended again",
    file: "core/src/continuity/revocations.ts",
    from: "      this.#unwritten.add(record);\n",
    to: "",
  },
  {
    section: 6,
    rule: "a record acts in its own process first",
    file: "core/src/continuity/revocations.ts",
    from: "const here = this.apply(record);\n    try {\n      await this.#append(record);",
    to: "let here = 0;\n    try {\n      await this.#append(record);\n      here = this.apply(record);",
  },
  {
    section: 6,
    rule: "a log is read again after a failure",
    file: "core/src/continuity/follower.ts",
    from: "        this.#fail(error);\n",
    to: "        return this.#fail(error);\n",
  },
  {
    section: 6,
    rule: "connections are revalidated without any record",
    file: "core/src/continuity/options.ts",
    from: "revalidate: readRevalidate(options.revalidate ?? (revocations && {})),",
    to: "revalidate: undefined,",
  },
];
