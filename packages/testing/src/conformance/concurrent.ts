import { AllowAny } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { type Deferred, deferred, until } from "../lab.js";
import { expectDenied, expectReplied, type Subject } from "./subject.js";

/** A consumer whose concurrent handlers run until they are resolved. */
function holding() {
  const running: Deferred<string>[] = [];
  const order: string[] = [];
  const consumer = defineConsumer()
    .action("ping", AllowAny, () => {
      order.push("ping");
      return "pong";
    })
    .action("long", AllowAny, { concurrent: true }, () => {
      order.push("long");
      const handler = deferred<string>();
      running.push(handler);
      return handler.promise;
    });
  return { consumer, running, order };
}

/** Concurrent handlers. */
export const concurrent: Subject = {
  "by default 100 run at once; the next waits, and all behind it": async (lab) => {
    const { consumer, running, order } = holding();
    const server = await lab.serve(consumer);
    const client = await server.connect();
    const longs = client.sendAll(Array.from({ length: 103 }, () => client.message("long")));
    const ping = client.request("ping");
    await until(() => running.length === 100, "a hundred run");
    const other = await server.connect();
    for (let n = 0; n < 10; n++) expectReplied(await other.request("ping"), "pong");
    expect(running).toHaveLength(100);
    order.length = 0;
    for (let n = 0; n < 3; n++) {
      running[n]?.resolve("done");
      await until(() => running.length === 101 + n, "the next begins");
    }
    expectReplied(await ping, "pong");
    expect(order).toEqual(["long", "long", "long", "ping"]);
    for (const { resolve } of running) resolve("done");
    for (const answer of await Promise.all(longs)) expectReplied(answer, "done");
  },

  "one that waits too long is answered too_many_pending": async (lab) => {
    const { consumer, running } = holding();
    const server = await lab.serve(consumer, { limits: { concurrent: 2 }, timeout: { action: 100 } });
    const client = await server.connect();
    const longs = client.sendAll(Array.from({ length: 3 }, () => client.message("long")));
    expectReplied(await client.request("ping"), "pong");
    expectDenied(await longs[2], "too_many_pending", 429);
    expect(running).toHaveLength(2);
    for (const { resolve } of running) resolve("done");
    for (const answer of await Promise.all(longs.slice(0, 2))) expectReplied(answer, "done");
    const again = client.request("long");
    await until(() => running.length === 3, "there is room again");
    running[2]?.resolve("done");
    expectReplied(await again, "done");
  },

  "one that waits at the end is neither handled nor answered": async (lab) => {
    const { consumer, running, order } = holding();
    const server = await lab.serve(consumer, { limits: { concurrent: 1 } });
    const client = await server.connect();
    client.sendAll([client.message("long"), client.message("long"), client.message("ping")]);
    await until(() => running.length === 1, "the first runs");
    const other = await server.connect();
    expectReplied(await other.request("ping"), "pong");
    client.terminate();
    await until(() => server.ended.length === 1, "the connection has ended");
    running[0]?.resolve("done");
    expectReplied(await other.request("ping"), "pong");
    expect(order).toEqual(["long", "ping", "ping"]);
    expect([...server.guard.sessions]).toHaveLength(1);
  },
};
