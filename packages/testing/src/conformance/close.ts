import { AllowAny, permission } from "@portcullis/core";
import { expect } from "vitest";
import { sleep, until } from "../lab.js";
import { expectClosed, holding, rules, type Subject } from "./subject.js";

/** The end of a connection. */
export const close: Subject = {
  "messages before an orderly close are delivered, then the close": async (lab) => {
    const log: string[] = [];
    const late = permission("late", async ({ payload }) => {
      await sleep(15);
      return payload.n !== 2;
    });
    const server = await lab.guard(rules({ late }), { answer: ({ payload }) => log.push(`handled ${payload.n}`) });
    const client = await server.connect();
    client.sendAll([1, 2, 3].map((n) => client.message("late", { n })));
    client.close();
    await until(() => server.ended.length === 1, "the application hears of the close");
    expect(log).toEqual(["handled 1", "handled 3"]);
    expect(server.session.isEnded).toBe(true);
    expect([...server.guard.sessions]).toEqual([]);
  },

  "an orderly close waits for a hanging rule only briefly": async (lab) => {
    const hangs = permission("hangs", () => new Promise<boolean>(() => {}));
    const server = await lab.guard(rules({ hangs }), { timeout: { action: 80 } });
    const client = await server.connect();
    client.sendAll([client.message("hangs")]);
    client.close();
    await until(() => server.ended.length === 1, "the application hears of the close");
    expect(server.handled).toEqual([]);
  },

  "a client that breaks off aborts its pending decision": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held }), { isListening: true });
    const client = await server.connect();
    client.sendAll([client.message("held")]);
    await until(() => asked.length === 1, "the rule is asked");
    client.terminate();
    await until(() => server.session.isEnded, "the session has ended");
    expect(asked[0]?.aborted).toBe(true);
    expect(server.session.signal.aborted).toBe(true);
    resolve(true);
    await until(() => server.ended.length === 1, "the application hears of the end");
    expect(server.handled).toEqual([]);
    expect(server.events.filter(({ phase }) => phase === "action").map(({ decision }) => decision.code)).toEqual([
      "aborted",
    ]);
  },

  "session.close() in the middle of a decision: nothing is handled or answered any more": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }));
    const client = await server.connect();
    client.sendAll([client.message("held"), client.message("say"), client.message("say")]);
    await until(() => asked.length === 1, "the rule is asked");
    server.session.close(4001, "enough");
    expect(asked[0]?.aborted).toBe(true);
    resolve(true);
    await expectClosed(client, 4001);
    expect(server.handled).toEqual([]);
    expect(client.answers).toEqual([]);
    expect(server.session.isEnded).toBe(true);
  },

  "what a client sends after session.close() reaches nobody": async (lab) => {
    const server = await lab.guard(rules({ say: AllowAny }), {
      answer: ({ session, action }) => action === "say" && session.close(4001, "enough"),
    });
    const client = await server.connect({ isSilent: true });
    client.sendAll([client.message("say"), client.message("say"), client.message("say")]);
    await until(() => server.session.isEnded, "the session has ended");
    client.sendAll([client.message("say")]);
    await sleep(30);
    expect(server.actions).toEqual(["say"]);
  },

  "an ended session answers `aborted`": async (lab) => {
    const late = permission("late", async () => true);
    const server = await lab.guard(rules({ late }), { authenticate: async () => ({ user: { id: 1 } }) });
    const client = await server.connect();
    const { session } = server;
    session.close(4001, "enough");
    session.close(4002, "twice");
    await expectClosed(client, 4001);
    expect(await session.decide("late")).toMatchObject({ outcome: "error", code: "aborted" });
    expect(await session.refresh()).toMatchObject({ outcome: "error", code: "aborted" });
    expect(session.signal.aborted).toBe(true);
  },

  "consumer.close() is session.close()": async (lab) => {
    const server = await lab.guard(rules());
    const client = await server.connect();
    server.session.consumer.close(4002, "bye");
    await expectClosed(client, 4002);
    expect(server.session.isEnded).toBe(true);
    await until(() => server.ended.length === 1, "the application hears of the end");
  },

  "a rule that closes the connection refuses, whatever it answers": async (lab) => {
    for (const answer of [true, Promise.resolve(true)]) {
      const ban = permission("ban", ({ consumer }) => {
        consumer.close(4003, "banned");
        return answer;
      });
      const server = await lab.guard(rules({ ban }));
      const client = await server.connect();
      client.sendAll([client.message("ban"), client.message("ping")]);
      await expectClosed(client, 4003);
      expect([server.actions, client.answers]).toEqual([[], []]);
    }
  },

  "a silent client is cut off soon after the server closes": async (lab) => {
    const server = await lab.guard(rules());
    await server.connect({ isSilent: true });
    const startedAt = Date.now();
    server.session.close(4001, "enough");
    await until(() => server.ended.length === 1, "the application hears of the end");
    expect(Date.now() - startedAt).toBeLessThan(3000);
  },
};
