import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, test } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { RedisLog } from "../src/redis-log.js";
import { streamOf } from "../src/redis-stream.js";
import { Creditor, newRecord } from "./debts.js";
import { type RunningRedis, startRedis } from "./redis-harness.js";

const READERS = 3;
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("append" as const), times: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("read" as const), reader: fc.nat(READERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("trim" as const), keep: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wipe" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("replicate" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fail over" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

describe.skipIf(findProgram("redis-server") === undefined)("faults of redis-server", () => {
  let server: RunningRedis;
  let client: Redis;
  let count = 0;
  beforeAll(async () => {
    server = await startRedis({ isDurable: true });
    client = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on("error", () => undefined);
  }, 60_000);
  afterAll(async () => {
    client?.disconnect();
    await server?.remove();
  });

  test("every record is read once, or a gap is told", { timeout: 180_000 }, async () => {
    const run = async (steps: readonly Step[]) => {
      count += 1;
      const options = { key: `faults:${count}`, keep: 10_000 };
      const stream = streamOf(client, options);
      const writer = new RedisLog(stream);
      const readers = Array.from({ length: READERS }, () => new Creditor(new RedisLog(stream)));
      /** What a replica has received so far. */
      let replica: Buffer | null = null;
      for (const one of steps) {
        if (one.kind === "read") await readers[one.reader]?.read();
        else if (one.kind === "trim") await client.xtrim(options.key, "MAXLEN", one.keep);
        else if (one.kind === "wipe") await client.del(options.key);
        else if (one.kind === "replicate") replica = await client.dumpBuffer(options.key);
        else if (one.kind === "fail over") {
          if (replica === null) await client.del(options.key);
          else await client.restore(options.key, 0, replica, "REPLACE");
          const kept = await client.xrange(options.key, "-", "+");
          const ids = kept.map(([id]) => id);
          const texts = kept.map(([, [, text]]) => text).join();
          for (const reader of readers) {
            const { position } = reader;
            reader.lose((id) => texts.includes(id), position !== undefined && !ids.includes(position.id));
          }
        } else if (one.kind === "crash") {
          await server.kill();
          await server.start();
        } else {
          for (let time = 0; time < one.times; time += 1) {
            const record = newRecord();
            await writer.append(record);
            for (const reader of readers) reader.owe(record.id);
          }
        }
      }
      for (const reader of readers) await reader.read();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), run), { numRuns: 60 });
  });
});
