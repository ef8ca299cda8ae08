// @ts-check
import { revocationsTable } from "@portcullis/revocations/postgres";
import { Redis } from "ioredis";
import pg from "pg";

/** @typedef {typeof import("../../../scripts/test-servers.mjs")} Servers */
/** @typedef {Awaited<ReturnType<Servers["startRedis"]>>} TestServer */

/**
 * @typedef {object} Engine
 * @property {(servers: Pick<Servers, "startRedis" | "startPostgres">) => Promise<TestServer>} start
 * @property {readonly string[]} clients of the processes
 * @property {(port: number) => string} url through a proxy
 * @property {NodeJS.Signals} crash
 * @property {(url: string) => Promise<{ wipe(): Promise<unknown>, close(): Promise<unknown> }>} prepare
 */

const REDIS = {
  clients: ["node-redis", "ioredis"],
  url: (/** @type {number} */ port) => `redis://127.0.0.1:${port}`,
  crash: /** @type {const} */ ("SIGKILL"),
  async prepare(/** @type {string} */ url) {
    const client = new Redis(url, { retryStrategy: () => 100, maxRetriesPerRequest: 1 });
    client.on("error", () => undefined);
    return {
      wipe: () => client.del("portcullis:revocations"),
      close: async () => client.disconnect(),
    };
  },
};

/** @type {Record<string, Engine>} */
export const ENGINES = {
  redis: { ...REDIS, start: ({ startRedis }) => startRedis({ isDurable: true }) },
  "redis-without-file": { ...REDIS, start: ({ startRedis }) => startRedis() },
  postgres: {
    start: ({ startPostgres }) => startPostgres(),
    clients: ["pg"],
    url: (port) => `postgres://portcullis@127.0.0.1:${port}/postgres`,
    // Ends without a checkpoint, so that the next start is a recovery.
    crash: "SIGQUIT",
    async prepare(url) {
      const pool = new pg.Pool({ connectionString: url, query_timeout: 2_000 });
      pool.on("error", () => undefined);
      await pool.query(revocationsTable());
      return { wipe: () => pool.query("DELETE FROM portcullis_revocations"), close: () => pool.end() };
    },
  },
};
