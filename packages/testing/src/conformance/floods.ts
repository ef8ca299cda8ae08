import { AllowAny, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import type { TestClient } from "../client.js";
import { sleep, until } from "../lab.js";
import { expectHandled, holding, rules, type Subject } from "./subject.js";

/** An async rule. Its first answer comes after all messages have arrived, each later one in the next turn. */
function inTurns() {
  let isFirst = true;
  return permission("in turns", async () => {
    if (isFirst) await sleep(60);
    else await new Promise(setImmediate);
    isFirst = false;
    return true;
  });
}

const thousand = (client: TestClient) =>
  Array.from({ length: 1000 }, (_, n) => client.message("say", { n, text: "a few more bytes" }));

/** Many messages at once. */
export const floods: Subject = {
  "1,000 messages at once are all handled in order": async (lab) => {
    const server = await lab.guard(rules({ say: inTurns() }));
    const client = await server.connect();
    const messages = thousand(client);
    for (const answer of await Promise.all(client.sendAll(messages))) expectHandled(answer);
    expect(server.handled.map(({ payload }) => payload.n)).toEqual(messages.map((_, n) => n));
  },

  "1,000 messages at once are all answered by async handlers": async (lab) => {
    const handled: unknown[] = [];
    const consumer = defineConsumer().action("say", inTurns(), async ({ payload }) => {
      await new Promise(setImmediate);
      return handled.push(payload.n);
    });
    const server = await lab.serve(consumer);
    const client = await server.connect();
    const messages = thousand(client);
    const answers = await Promise.all(client.sendAll(messages));
    expect(answers.map((answer) => answer?.data)).toEqual(messages.map((_, n) => n + 1));
    expect(handled).toEqual(messages.map((_, n) => n));
  },

  "a client that floods delays nobody and fills no memory": async (lab) => {
    const { held, resolve } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingBytes: 20_000 } });
    const [flooding, other] = [await server.connect(), await server.connect()];
    flooding.sendAll([flooding.message("held"), ...Array.from({ length: 3000 }, () => flooding.message("say"))]);
    for (let n = 0; n < 5; n++) expectHandled(await other.request("ping"));
    flooding.terminate();
    // The server does not notice the end of a paused connection.
    server.opened[0]?.close();
    await until(() => [...server.guard.sessions].length === 1, "it is gone");
    resolve(true);
    expectHandled(await other.request("ping"));
    expect(server.actions.filter((action) => action !== "ping")).toEqual([]);
  },

  "10,000 messages at once are all answered under sync rules": async (lab) => {
    const server = await lab.guard(rules({ say: permission("odd", ({ payload }) => Number(payload.n) % 2 === 1) }));
    const client = await server.connect();
    const messages = Array.from({ length: 10_000 }, (_, n) => client.message("say", { n }));
    await Promise.all(client.sendAll(messages));
    expect(client.answers.every(({ id }, index) => id === messages[index]?.id)).toBe(true);
    expect(client.answers).toHaveLength(messages.length);
    expect(server.handled).toHaveLength(5000);
  },

  "10,000 messages at once under a hanging rule are dropped": async (lab) => {
    const server = await lab.guard(rules({ hangs: permission("hangs", () => new Promise<boolean>(() => {})) }), {
      timeout: { action: 300 },
    });
    const client = await server.connect();
    const messages = Array.from({ length: 10_000 }, () => client.message("hangs"));
    const answers = client.sendAll(messages);
    await until(() => client.isClosed || client.answers.length > 1, "some are answered, or the end");
    server.opened[0]?.close();
    await Promise.all(answers);
    for (const { error } of client.answers) expect(["too_many_pending", "permission_timeout"]).toContain(error?.code);
    expect(server.handled).toEqual([]);
    await until(() => [...server.guard.sessions].length === 0, "nothing of the connection is kept");
  },
};
