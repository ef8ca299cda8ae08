import { AllowAny, DenyAll, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import { expect } from "vitest";
import { deferred, sleep, until } from "../lab.js";
import { expectClosed, expectDenied, expectHandled, expectRefused, rules, type Subject } from "./subject.js";

/** A rule that waits until it is resolved, with a promise of its first call. */
function holding() {
  const asked: AbortSignal[] = [];
  const { promise, resolve } = deferred<boolean>();
  const held = permission("held", ({ signal }) => {
    asked.push(signal);
    return promise;
  });
  return { held, resolve, asked };
}

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

  "session.refresh() gives the next message the new scope, and asks the connect question again": async (lab) => {
    let user = { id: 1, isBanned: false };
    let count = 0;
    const connect = permission("fit", {
      connect: ({ scope }) => ++count > 0 && !(scope.user as typeof user).isBanned,
    });
    const server = await lab.guard(rules({}, { connect }), { authenticate: async () => ({ user }) });
    const client = await server.connect();
    user = { id: 2, isBanned: false };
    expect(await server.session.refresh()).toMatchObject({ outcome: "allow" });
    expect([server.session.scope.user, count]).toEqual([user, 2]);
    expectHandled(await client.request("ping"));
    user = { id: 2, isBanned: true };
    expect(await server.session.refresh()).toMatchObject({ code: "permission_denied" });
    await expectClosed(client, 4403);
    expect(server.session.isEnded).toBe(true);
  },

  "session.refresh() closes with the code of the refusal": async (lab) => {
    const cases = [
      [() => Promise.reject(new Error("down")), 1011],
      [() => new Promise(() => {}), 1013],
    ] as const;
    for (const [fail, code] of cases) {
      let isFailing = false;
      const server = await lab.guard(rules(), {
        authenticate: () => (isFailing ? fail() : { user: { id: 1 } }),
        timeout: { connect: 60 },
      });
      const client = await server.connect();
      isFailing = true;
      await server.session.refresh();
      await expectClosed(client, code);
    }
  },

  "replace() keeps the old policy for pending decisions": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }));
    const client = await server.connect();
    const before = client.request("held");
    await until(() => asked.length === 1, "the rule is asked");
    server.guard.replace(rules({ held: DenyAll, say: DenyAll, more: AllowAny }, { connect: DenyAll }) as never);
    resolve(true);
    expectHandled(await before);
    expectDenied(await client.request("say"), "permission_denied", 403);
    expectDenied(await client.request("held"), "permission_denied", 403);
    expectHandled(await client.request("more"));
    expectRefused(lab, await server.tryHandshake(), "permission_denied", 403);
  },

  "replace() with an invalid policy throws and keeps the old": async (lab) => {
    const server = await lab.guard(rules({ say: DenyAll }));
    const client = await server.connect();
    for (const wrong of [undefined, {}, { actions: { say: AllowAny } }]) {
      expect(() => server.guard.replace(wrong as never)).toThrow(PermissionMisuse);
    }
    expectDenied(await client.request("say"), "permission_denied", 403);
  },

  "guard.close() answers what was accepted, then closes with 1001": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held }));
    const [busy, idle] = [await server.connect(), await server.connect()];
    const answer = busy.request("held");
    await until(() => asked.length === 1, "the rule is asked");
    const closing = server.guard.close();
    await expectClosed(idle, 1001);
    expect(busy.isClosed).toBe(false);
    resolve(true);
    expectHandled(await answer);
    await closing;
    await expectClosed(busy, 1001);
    expect([...server.guard.sessions]).toEqual([]);
  },

  "while guard.close() waits, clients and messages are refused": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }));
    const client = await server.connect();
    void client.request("held");
    await until(() => asked.length === 1, "the rule is asked");
    const closing = server.guard.close();
    expectRefused(lab, await server.tryHandshake(), "going_away", 503);
    client.sendAll([client.message("say")]);
    await sleep(30);
    resolve(true);
    await closing;
    await client.closed;
    expect(server.actions).toEqual(["held"]);
  },

  "a handshake that is pending when guard.close() comes is refused": async (lab) => {
    const { promise, resolve } = deferred<boolean>();
    let isAsked = false;
    const ask = () => {
      isAsked = true;
      return promise;
    };
    const server = await lab.guard(rules({}, { connect: permission("slow", { connect: ask }) }));
    const knocking = server.tryHandshake();
    await until(() => isAsked, "the rule is asked");
    const closing = server.guard.close();
    resolve(true);
    expectRefused(lab, await knocking, "going_away", 503);
    await closing;
  },

  "guard.close() does not wait for ever": async (lab) => {
    const hangs = permission("hangs", () => new Promise<boolean>(() => {}));
    const server = await lab.guard(definePolicy({ permissions: hangs }), { limits: { drain: 80 } });
    const client = await server.connect();
    void client.request("anything");
    await sleep(20);
    await server.guard.close();
    await expectClosed(client, 1001);
    expect(client.answers).toEqual([]);
    expect(server.handled).toEqual([]);
  },
};
