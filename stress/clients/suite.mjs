// @ts-check
// The conformance of the log, on the packed package and on each version of a client. vitest runs it in a folder that has
// both. CLIENTS lists the versions, SERVERS is the module that starts Redis and Postgres.
import { postgresRevocations, revocationsTable } from "@portcullis/revocations/postgres";
import { redisRevocations } from "@portcullis/revocations/redis";
import { revocationLogConformance } from "@portcullis/testing";
import { afterAll, beforeAll, describe, vi } from "vitest";

// The package gives a log to `Revocations` and to nobody else, so this is where it is to be had.
vi.mock("@portcullis/core/continuity", async (original) => {
  const real = /** @type {any} */ (await original());
  class OpenRevocations extends real.Revocations {
    constructor(/** @type {unknown} */ log, /** @type {unknown[]} */ ...rest) {
      super(log, ...rest);
      this.log = log;
    }
  }
  return { ...real, Revocations: OpenRevocations };
});

const { startRedis, startPostgres } = await import(/** @type {string} */ (process.env.SERVERS));
/** @type {import("./versions.mjs").ClientVersion[]} */
const versions = JSON.parse(process.env.CLIENTS ?? "[]");
const silent = (/** @type {any} */ client) => client.on("error", () => undefined);

/** Opens a connected client. @type {Record<string, (module: any, url: string) => Promise<any>>} */
const OPEN = {
  async redis({ createClient }, url) {
    const client = silent(createClient({ url, socket: { reconnectStrategy: 50 } }));
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis({ Redis }, url) {
    const client = silent(new Redis(url, { retryStrategy: () => 50 }));
    return { client, close: () => client.disconnect() };
  },
  async pg({ default: pg }, connectionString) {
    const pool = silent(new pg.Pool({ connectionString, max: 4 }));
    return { client: pool, close: () => pool.end() };
  },
};

/** @param {string} name @param {any} server @param {() => Promise<any>} open */
function redisLog(name, server, open) {
  const key = `revocations:${name}:${crypto.randomUUID()}`;
  return {
    connect: async () => /** @type {any} */ (redisRevocations({ client: (await open()).client, key })).log,
    wipe: async () => void (await (await open()).client.del(key)),
    async restart() {
      await server.kill();
      await server.start();
    },
  };
}

/** @param {any} server @param {() => Promise<any>} open */
async function postgresLog(server, open) {
  const table = `revocations_${crypto.randomUUID().replaceAll("-", "")}`;
  const own = (await open()).client;
  await own.query(revocationsTable(table));
  return {
    connect: async () => /** @type {any} */ (postgresRevocations({ pool: (await open()).client, table })).log,
    wipe: async () => void (await own.query(`TRUNCATE ${table}`)),
    async restart() {
      await server.kill("SIGINT");
      await server.start();
    },
    async begin() {
      const client = await own.connect();
      await client.query("BEGIN");
      const end = async (/** @type {string} */ statement) => {
        await client.query(statement);
        client.release();
      };
      return { client, commit: () => end("COMMIT"), abort: () => end("ROLLBACK") };
    },
  };
}

for (const isPostgres of [false, true]) {
  const chosen = versions.filter(({ library }) => (library === "pg") === isPostgres);
  describe.skipIf(chosen.length === 0)(isPostgres ? "Postgres" : "redis-server", () => {
    /** @type {any} */
    let server;
    beforeAll(async () => {
      server = await (isPostgres ? startPostgres() : startRedis({ isDurable: true }));
    }, 60_000);
    afterAll(() => server?.remove());
    for (const { library, alias } of chosen) {
      revocationLogConformance({
        name: alias,
        lacks: isPostgres ? {} : { begin: "a transaction of Redis gives no answers" },
        async open() {
          const module = await import(alias);
          /** @type {any[]} */
          const opened = [];
          const open = async () => {
            const one = await /** @type {any} */ (OPEN[library])(module, server.url);
            opened.push(one);
            return one;
          };
          const log = await (isPostgres ? postgresLog(server, open) : redisLog(alias, server, open));
          return { ...log, close: async () => void (await Promise.all(opened.map(({ close }) => close()))) };
        },
      });
    }
  });
}
