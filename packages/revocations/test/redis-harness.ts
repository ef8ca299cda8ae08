import type { RevocationLogHarness } from "@portcullis/testing";
import { startRedis } from "../../../scripts/test-servers.mjs";
import { RedisLog } from "../src/redis-log.js";
import { streamOf } from "../src/redis-stream.js";

export type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

/** A client of any of the supported libraries. */
export interface OpenClient {
  readonly client: unknown;
  close(): unknown;
}

/** Connects a client to a URL. */
export type Connect = (url: string) => Promise<OpenClient>;

/** Opens logs on one durable redis-server. The caller starts and ends it. */
export function redisHarness(name: string, server: () => RunningRedis, connect: Connect): RevocationLogHarness {
  let count = 0;
  return {
    name,
    lacks: { begin: "a transaction of Redis gives no answers" },
    async open() {
      count += 1;
      const options = { key: `revocations:${name}:${count}`, keep: 10_000 };
      const clients: OpenClient[] = [];
      const open = async () => {
        const made = await connect(server().url);
        clients.push(made);
        return streamOf(made.client, options);
      };
      return {
        connect: async () => new RedisLog(await open()),
        async wipe() {
          const made = await connect(server().url);
          await (made.client as { del(key: string): Promise<unknown> }).del(options.key);
          made.close();
        },
        async restart() {
          await server().kill();
          await server().start();
        },
        async close() {
          for (const { close } of clients) close();
        },
      };
    },
  };
}

export { startRedis };
