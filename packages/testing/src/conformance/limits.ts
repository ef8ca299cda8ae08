import { AllowAny, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import type { TestClient } from "../client.js";
import { deferred, sleep, until } from "../lab.js";
import { expectAnsweredOnce, expectClosed, expectDenied, expectHandled, rules, type Subject } from "./subject.js";

/** A rule that waits until it is resolved. */
function holding() {
  const { promise, resolve } = deferred<boolean>();
  return { held: permission("held", () => promise), resolve };
}

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

/** Limits of one connection. */
export const limits: Subject = {
  "messages beyond the cap are answered too_many_pending": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      const first = client.message("held");
      const rest = Array.from({ length: 6 }, (_, n) => client.message("say", { n }));
      const answers = client.sendAll([first, ...rest]);
      for (const answer of await Promise.all(answers.slice(5))) {
        expectDenied(answer, "too_many_pending", 429);
        expect(answer?.error).toMatchObject({ retry: "later", retryAfter: 1 });
      }
      resolve(true);
      for (const answer of await Promise.all(answers.slice(0, 5))) expectHandled(answer);
      expect(server.handled.map(({ payload }) => payload.n)).toEqual([undefined, 0, 1, 2, 3]);
      await expectAnsweredOnce(client, first, ...rest);
    },
  },

  "at twice the cap the connection is closed unhandled": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      client.sendAll([client.message("held"), ...Array.from({ length: 20 }, () => client.message("say"))]);
      await expectClosed(client, 1013);
      resolve(true);
      await sleep(30);
      expect(server.handled).toEqual([]);
      expect([...server.guard.sessions]).toEqual([]);
    },
  },

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

  "by default 10 messages in 10 seconds may be undecodable": async (lab) => {
    const server = await lab.guard(rules());
    const garbled = await server.connect();
    const { raw } = lab.harness.malformed.find(({ code }) => code === "bad_message") ?? {};
    for (let n = 0; n < 10; n++) garbled.sendRaw(raw);
    expectHandled(await garbled.request("ping"));
    garbled.sendRaw(raw);
    await expectClosed(garbled, 1008);
    expect(garbled.answers).toHaveLength(11);
  },

  "the cap starts again once all is decided": {
    needs: "queue",
    check: async (lab) => {
      let decide = (_isAllowed: boolean) => {};
      const late = permission("late", () => decided);
      let decided = Promise.resolve(true);
      const server = await lab.guard(rules({ late }), { limits: { pendingMessages: 4 } });
      const client = await server.connect();
      for (let round = 0; round < 5; round++) {
        decided = new Promise((resolve) => {
          decide = resolve;
        });
        const answers = client.sendAll(Array.from({ length: 7 }, () => client.message("late")));
        for (const answer of await Promise.all(answers.slice(5))) expectDenied(answer, "too_many_pending", 429);
        decide(true);
        for (const answer of await Promise.all(answers.slice(0, 5))) expectHandled(answer);
      }
    },
  },

  "bytes are counted too": {
    needs: "queue",
    check: async (lab) => {
      const { held, resolve } = holding();
      const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingBytes: 3000 } });
      const client = await server.connect();
      const text = "x".repeat(800);
      const answers = client.sendAll([
        client.message("held"),
        client.message("say", { text }),
        client.message("say", { text }),
        client.message("say", { text }),
      ]);
      expectDenied(await answers[3], "too_many_pending", 429);
      resolve(true);
      for (const answer of await Promise.all(answers.slice(0, 3))) expectHandled(answer);
      expect(server.actions).toEqual(["held", "say", "say"]);
    },
  },

  "two messages of any size may wait behind a decision": async (lab) => {
    const { held, resolve } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }), { limits: { pendingBytes: 2000 } });
    const client = await server.connect();
    const large = () => client.message("say", { text: "x".repeat(9000) });
    const answers = client.sendAll([client.message("held"), large(), large()]);
    await sleep(20);
    resolve(true);
    for (const answer of await Promise.all(answers)) expectHandled(answer);
    expect(server.actions).toEqual(["held", "say", "say"]);
  },

  "undecodable messages are answered up to the limit; one more closes the connection": async (lab) => {
    const server = await lab.guard(rules(), { limits: { undecodable: 3 } });
    const client = await server.connect();
    const { raw } = lab.harness.malformed.find(({ code }) => code === "bad_message") ?? {};
    for (let n = 0; n < 3; n++) client.sendRaw(raw);
    expectHandled(await client.request("ping"));
    expect(client.answers.filter(({ error }) => error?.code === "bad_message")).toHaveLength(3);
    client.sendRaw(raw);
    await expectClosed(client, 1008);
    expect(server.actions).toEqual(["ping"]);
  },

  "undecodable messages are forgotten after a while": async (lab) => {
    const server = await lab.guard(rules(), { limits: { undecodable: 2, undecodableWindow: 60 } });
    const client = await server.connect();
    const { raw } = lab.harness.malformed.find(({ code }) => code === "bad_message") ?? {};
    for (let round = 0; round < 3; round++) {
      client.sendRaw(raw);
      client.sendRaw(raw);
      expectHandled(await client.request("ping"));
      await sleep(90);
    }
    expect(client.answers.filter(({ error }) => error?.code === "bad_message")).toHaveLength(6);
  },

  "a handshake that takes too long is cut": async (lab) => {
    const server = await lab.guard(rules(), {
      limits: { handshake: 60 },
      timeout: { connect: 3000 },
      authenticate: () => new Promise(() => {}),
    });
    const startedAt = Date.now();
    const refused = await server.tryHandshake();
    expect(refused.status).toBe("cut");
    expect(Date.now() - startedAt).toBeLessThan(1500);
    expect(server.opened).toEqual([]);
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

  "an invalid limit is a misuse": async (lab) => {
    for (const wrong of [
      { pendingMessages: 0 },
      { pendingBytes: -1 },
      { undecodable: 1.5 },
      { handshake: Number.NaN },
    ]) {
      await expect(lab.guard(rules(), { limits: wrong })).rejects.toThrow(/limits/);
    }
  },
};
