import type { RevocationLogHarness } from "@portcullis/testing";
import pg from "pg";
import { startPostgres } from "../../../scripts/test-servers.mjs";
import { PostgresLog } from "../src/postgres-log.js";
import { statementsFor } from "../src/postgres-table.js";

export type RunningPostgres = Awaited<ReturnType<typeof startPostgres>>;

/** Makes a pool. It emits an error for each idle connection that is lost. */
export function poolOf(connectionString: string, max = 4): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on("error", () => undefined);
  return pool;
}

/** Opens logs on one server of Postgres, each in a table of its own. The caller starts and ends the server. */
export function postgresHarness(server: () => RunningPostgres): RevocationLogHarness {
  let count = 0;
  return {
    name: "pg 8",
    lacks: {},
    async open() {
      count += 1;
      const statements = statementsFor(`revocations_${count}`);
      const pools: pg.Pool[] = [];
      const open = () => {
        const pool = poolOf(server().url);
        pools.push(pool);
        return pool;
      };
      const own = open();
      await own.query(statements.create);
      return {
        connect: async () => new PostgresLog(open(), statements),
        wipe: async () => void (await own.query(`TRUNCATE revocations_${count}`)),
        async restart() {
          await server().kill("SIGINT");
          await server().start();
        },
        async begin() {
          const client = await own.connect();
          await client.query("BEGIN");
          const end = async (statement: string) => {
            await client.query(statement);
            client.release();
          };
          return { client, commit: () => end("COMMIT"), abort: () => end("ROLLBACK") };
        },
        close: async () => void (await Promise.all(pools.map((pool) => pool.end()))),
      };
    },
  };
}

export { startPostgres };
