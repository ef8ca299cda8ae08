/**
 * Revocations over the Redis of the application.
 *
 * @module @portcullis/revocations/redis
 */

import { Revocations } from "@portcullis/core/continuity";
import { checkKeys, misuse } from "@portcullis/core/internal";
import { RedisLog } from "./redis-log.js";
import { type IoRedisClient, type NodeRedisClient, streamOf } from "./redis-stream.js";

export type { IoRedisClient, NodeRedisClient } from "./redis-stream.js";

/** Options of `redisRevocations()`. */
export interface RedisRevocationsOptions {
  /** A connected client of `redis` 5 or 6, or of `ioredis` 5 or 6. It must read from the primary. */
  client: NodeRedisClient | IoRedisClient;
  /** The key of the stream. Default: `portcullis:revocations`. */
  key?: string;
  /**
   * The number of records that the stream keeps at least. A process that could not read for so many records
   * authenticates all its connections again. Default 10,000.
   */
  keep?: number;
}

const CALLER = "redisRevocations()";

/**
 * Revocations that reach every process which uses the same stream of Redis. Takes the client of the application: no
 * command blocks its connection, and the process reads the stream every 250 ms.
 *
 * @param options `client` (required), `key` (a string), `keep` (a number of records).
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 * @example
 * ```ts
 * import { redisRevocations } from "@portcullis/revocations/redis";
 * import { createClient } from "redis";
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * const revocations = redisRevocations({ client });
 * // await client.connect();
 * // guard(server, policy, { authenticate, identify, continuity: continuity({ revocations }) });
 * // await revocations.revoke("user:42");
 * ```
 */
export function redisRevocations(options: RedisRevocationsOptions): Revocations {
  const { xadd, xAdd } = Object(options) as Record<string, unknown>;
  if (xadd || xAdd) throw misuse(CALLER, options, "give the client as { client }");
  checkKeys(CALLER, options, ["client", "key", "keep"]);
  const { client, key = "portcullis:revocations", keep = 10_000 } = options;
  if (typeof key !== "string" || key === "") throw misuse(CALLER, key, "give the name of a key", "`key`");
  if (!Number.isSafeInteger(keep) || keep < 1) throw misuse(CALLER, keep, "give a number of records", "`keep`");
  return new Revocations(new RedisLog(streamOf(client, { key, keep })));
}
