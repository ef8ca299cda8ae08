import { Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient, createClientPool, RESP_TYPES } from "redis";
import { createClient as createClient5 } from "redis5";
import type { Connect, OpenClient } from "./redis-harness.js";

interface NodeRedis {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** Node-redis emits an error for each connection that is lost, and ends the process where nobody listens. */
async function connected(client: NodeRedis): Promise<OpenClient> {
  client.on("error", () => undefined);
  await client.connect();
  return { client, close: () => client.destroy() };
}

function ioConnected(client: Redis | Redis5): OpenClient {
  client.on("error", () => undefined);
  return { client, close: () => client.disconnect() };
}

const socket = { reconnectStrategy: 50 };

/** The supported clients, by name. */
export const CLIENTS: Readonly<Record<string, Connect>> = {
  "node-redis 6": (url) => connected(createClient({ url, socket })),
  "node-redis 6, RESP2, buffers": (url) =>
    connected(
      createClient({ url, socket, RESP: 2, commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } }),
    ),
  "node-redis 6, a pool": (url) => connected(createClientPool({ url, socket }) as unknown as NodeRedis),
  "node-redis 5": (url) => connected(createClient5({ url, socket }) as unknown as NodeRedis),
  "ioredis 6": async (url) => ioConnected(new Redis(url, { retryStrategy: () => 50 })),
  "ioredis 6, RESP3": async (url) => ioConnected(new Redis(url, { retryStrategy: () => 50, protocol: 3 })),
  "ioredis 5": async (url) => ioConnected(new Redis5(url, { retryStrategy: () => 50 })),
};
