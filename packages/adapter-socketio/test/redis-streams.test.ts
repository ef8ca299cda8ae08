import { AllowAny, definePolicy } from "@portcullis/core";
import { continuity, type RevocationLog, type RevocationRecord, Revocations } from "@portcullis/core/continuity";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import type { Socket as Client } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { startRedis } from "../../../scripts/test-servers.mjs";
import { guard } from "../src/guard.js";
import { clientOf, listen, type Running, sleep, stopAll, until } from "./support.js";

/** Milliseconds for which a session can be restored. */
const LIFETIME = 1_200;
/** Milliseconds after which a server has followed the log for that long, and has read its last record. */
const FOLLOWED = 1.5 * LIFETIME + 300;

/** A log that several servers follow, as several processes do. */
function createLog(): RevocationLog {
  const records: RevocationRecord[] = [];
  return {
    append: async (record) => void records.push(record),
    read: async (from = records.length) => ({
      records: records.slice(from as number),
      position: records.length,
      whole: true,
    }),
  };
}

describe.skipIf(findProgram("redis-server") === undefined)("sessions in the streams of Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  const clients: { close(): Promise<unknown> }[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  }, 40_000);
  afterEach(async () => {
    await stopAll();
    // The adapter reads in turns, and ends after its last read.
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => redis?.remove());

  async function start(log: RevocationLog): Promise<Running> {
    const client = createClient({ url: redis.url });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return listen(
      (io) => {
        guard(io, definePolicy({ permissions: AllowAny }), {
          authenticate: () => ({ user: { id: "ann" } }),
          identify: () => ({ subjects: ["user:ann"] }),
          continuity: continuity({ revocations: new Revocations(log) }),
        });
        io.on("connection", (socket) => {
          if (!socket.recovered) socket.join("staff");
          socket.emit("hello");
        });
      },
      {
        adapter: createAdapter(client as never) as never,
        connectionStateRecovery: { maxDisconnectionDuration: LIFETIME },
      },
    );
  }

  /** A client that is cut off. A message is sent meanwhile. */
  async function awayFrom({ io, port }: Running): Promise<Client> {
    const client = clientOf({ io, port });
    await new Promise((resolve) => client.once("hello", resolve));
    io.to("staff").emit("news", 0);
    await new Promise((resolve) => client.once("news", resolve));
    client.io.engine.close();
    await until(() => io.sockets.sockets.size === 0, "the server has noticed");
    io.to("staff").emit("news", 1);
    return client;
  }

  /** Connects to another server with the private id of a client. */
  async function comeBackTo(server: Running, client: Client) {
    const { _pid, _lastOffset } = client as unknown as Record<string, unknown>;
    const other = clientOf(server);
    Object.assign(other, { _pid, _lastOffset });
    const heard: unknown[] = [];
    other.on("news", (n) => heard.push(n));
    await new Promise((resolve) => other.once("hello", resolve));
    return { recovered: other.recovered, heard };
  }

  const NEW = { recovered: false, heard: [] };

  test("are restored by a server that has followed the log", async () => {
    const log = createLog();
    const [first, second] = [await start(log), await start(log)];
    await sleep(FOLLOWED);
    expect(await comeBackTo(second, await awayFrom(first))).toEqual({ recovered: true, heard: [1] });
  });

  test("are not restored after a revocation by another process", async () => {
    const log = createLog();
    const [first, second] = [await start(log), await start(log)];
    await sleep(FOLLOWED);
    const client = await awayFrom(first);
    await new Revocations(log).revoke("user:ann");
    await sleep(500);
    expect(await comeBackTo(second, client)).toEqual(NEW);
  });

  test("are not restored by a server that has just begun", async () => {
    const log = createLog();
    const first = await start(log);
    const client = await awayFrom(first);
    expect(await comeBackTo(await start(log), client)).toEqual(NEW);
  });

  test("are restored by the server that has stored them", async () => {
    const server = await start(createLog());
    await sleep(300);
    expect(await comeBackTo(server, await awayFrom(server))).toEqual({ recovered: true, heard: [1] });
  });
});
