import { Cluster, Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import pg from "pg";
import { createClient, createClientPool, createCluster } from "redis";
import { createClient as createClient5 } from "redis5";
import { test } from "vitest";
import { postgresRevocations } from "./postgres.js";
import { redisRevocations } from "./redis.js";

test("clients of every supported library are taken", () => {
  redisRevocations({ client: createClient() });
  redisRevocations({ client: createClient({ RESP: 2 }) });
  redisRevocations({ client: createClientPool() });
  redisRevocations({ client: createCluster({ rootNodes: [] }) });
  redisRevocations({ client: createClient5() });
  redisRevocations({ client: new Redis() });
  redisRevocations({ client: new Cluster([]) });
  redisRevocations({ client: new Redis5() });
  postgresRevocations({ pool: new pg.Pool() });
  postgresRevocations({ pool: new pg.Client() });
});

test("anything else is none", () => {
  // @ts-expect-error a URL
  redisRevocations({ client: "redis://127.0.0.1" });
  // @ts-expect-error the options of a pool
  postgresRevocations({ pool: { connectionString: "postgres://127.0.0.1" } });
});
