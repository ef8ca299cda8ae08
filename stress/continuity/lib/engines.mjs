// @ts-check
import { setTimeout as sleep } from "node:timers/promises";
import { revocationsTable } from "@portcullis/revocations/postgres";
import pg from "pg";
import { ask, RedisPair } from "./redis-pair.mjs";

/** @typedef {typeof import("../../../scripts/test-servers.mjs")} Servers */
/** @typedef {Pick<import("./redis-pair.mjs").TestServer, "port" | "start" | "kill" | "remove">} LogServer */

/**
 * @typedef {object} PreparedLog
 * @property {() => Promise<unknown>} wipe deletes all records
 * @property {(milliseconds: number) => Promise<unknown>} failOver lets a server take over that lacks the records of some time
 * @property {() => Promise<unknown>} close
 */

/**
 * @typedef {object} Engine
 * @property {(servers: Pick<Servers, "startRedis" | "startPostgres">) => Promise<LogServer>} start
 * @property {readonly string[]} clients of the processes
 * @property {(port: number) => string} url through a proxy
 * @property {NodeJS.Signals} crash
 * @property {(server: LogServer) => Promise<PreparedLog>} prepare
 */

const REDIS = {
  clients: ["node-redis", "ioredis"],
  url: (/** @type {number} */ port) => `redis://127.0.0.1:${port}`,
  crash: /** @type {const} */ ("SIGKILL"),
  async prepare(/** @type {LogServer} */ server) {
    return {
      wipe: () => ask(server.port, "DEL", "portcullis:revocations", "socket.io"),
      failOver: (/** @type {number} */ milliseconds) => /** @type {RedisPair} */ (server).failOver(milliseconds),
      close: async () => undefined,
    };
  },
};

/** @param {boolean} isDurable */
const startPair =
  (isDurable) =>
  async (/** @type {Pick<Servers, "startRedis">} */ { startRedis }) =>
    new RedisPair(await startRedis({ isDurable }), await startRedis({ isDurable }));

const postgresUrl = (/** @type {number} */ port) => `postgres://portcullis@127.0.0.1:${port}/postgres`;

/** @type {Record<string, Engine>} */
export const ENGINES = {
  redis: { ...REDIS, start: startPair(true) },
  "redis-without-file": { ...REDIS, start: startPair(false) },
  postgres: {
    start: ({ startPostgres }) => startPostgres(),
    clients: ["pg"],
    url: postgresUrl,
    // Ends without a checkpoint, so that the next start is a recovery.
    crash: "SIGQUIT",
    async prepare(server) {
      const pool = new pg.Pool({ connectionString: postgresUrl(server.port), query_timeout: 2_000 });
      pool.on("error", () => undefined);
      await pool.query(revocationsTable());
      return {
        wipe: () => pool.query("DELETE FROM portcullis_revocations"),
        // The rows of an earlier time, on a server that was started again: a replica that lacks the newest rows.
        async failOver(milliseconds) {
          await pool.query("CREATE TABLE kept AS TABLE portcullis_revocations");
          await sleep(milliseconds);
          await server.kill("SIGQUIT");
          await server.start();
          await pool.query(
            "TRUNCATE portcullis_revocations; INSERT INTO portcullis_revocations TABLE kept; DROP TABLE kept",
          );
        },
        close: () => pool.end(),
      };
    },
  },
};
