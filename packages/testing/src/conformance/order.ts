import { AllowAny, permission } from "@portcullis/core";
import { expect } from "vitest";
import { deferred, sleep, until } from "../lab.js";
import { expectDenied, expectHandled, rules, type Subject } from "./subject.js";

/** Allows after the delay in the payload. */
const slow = permission("slow", async ({ payload }) => {
  await sleep(Number(payload.ms));
  return true;
});

/** Order and timeouts of messages. */
export const order: Subject = {
  "messages are forwarded in order of arrival": async (lab) => {
    const server = await lab.guard(rules({ slow }));
    const client = await server.connect();
    const waits = [40, 5, 20, 1, 10];
    await Promise.all(client.sendAll(waits.map((ms) => client.message("slow", { ms }))));
    expect(server.handled.map(({ payload }) => payload.ms)).toEqual(waits);
  },

  "a sync rule does not overtake an async one": async (lab) => {
    const server = await lab.guard(rules({ slow, fast: AllowAny }));
    const client = await server.connect();
    const actions = ["fast", "slow", "fast", "slow", "fast", "fast"];
    const answers = await Promise.all(client.sendAll(actions.map((action) => client.message(action, { ms: 15 }))));
    expect(server.actions).toEqual(actions);
    for (const answer of answers) expectHandled(answer);
  },

  "messages that arrive during a decision keep their order": async (lab) => {
    const server = await lab.guard(rules({ slow, fast: AllowAny }));
    const client = await server.connect();
    const answers = [client.request("slow", { ms: 80 })];
    for (let n = 0; n < 5; n++) {
      await sleep(8);
      answers.push(client.request("fast", { n }));
    }
    await Promise.all(answers);
    expect(server.actions).toEqual(["slow", "fast", "fast", "fast", "fast", "fast"]);
    expect(server.handled.slice(1).map(({ payload }) => payload.n)).toEqual([0, 1, 2, 3, 4]);
  },

  "a message is decided after the one before it": async (lab) => {
    const log: string[] = [];
    const rule = permission("slow", async ({ payload }) => {
      log.push(`asked ${payload.n}`);
      await sleep(5);
      log.push(`decided ${payload.n}`);
      return true;
    });
    const server = await lab.guard(rules({ say: rule }), { answer: ({ payload }) => log.push(`handled ${payload.n}`) });
    const client = await server.connect();
    await Promise.all(client.sendAll([1, 2].map((n) => client.message("say", { n }))));
    expect(log).toEqual(["asked 1", "decided 1", "handled 1", "asked 2", "decided 2", "handled 2"]);
  },

  "a refusal keeps its place among the answers": async (lab) => {
    const server = await lab.guard(rules({ slow, no: permission("no", () => false) }));
    const client = await server.connect();
    const messages = [client.message("slow", { ms: 20 }), client.message("no"), client.message("ping")];
    await Promise.all(client.sendAll(messages));
    expect(client.answers.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
  },

  "connections do not wait for one another": async (lab) => {
    const server = await lab.guard(rules({ slow: permission("hangs", () => new Promise<boolean>(() => {})) }));
    const [held, free] = [await server.connect(), await server.connect()];
    void held.request("slow");
    await until(() => server.opened.length === 2, "both are open");
    expectHandled(await free.request("ping"));
  },

  "a sync decision forwards synchronously": async (lab) => {
    let isLater = false;
    const watched = permission("watched", () => {
      isLater = false;
      queueMicrotask(() => {
        isLater = true;
      });
      return true;
    });
    const seen: boolean[] = [];
    const server = await lab.guard(rules({ say: watched }), { answer: () => seen.push(isLater) });
    const client = await server.connect();
    for (let n = 0; n < 3; n++) expectHandled(await client.request("say"));
    expect(seen).toEqual([false, false, false]);
  },

  "the timeout of the guard overrides that of the policy": async (lab) => {
    const hangs = permission("hangs", () => new Promise<boolean>(() => {}));
    const policy = rules({ say: hangs }, { timeout: { action: 40 } });
    const [short, long] = [await lab.guard(policy), await lab.guard(policy, { timeout: { action: 2000 } })];
    expectDenied(await (await short.connect()).request("say"), "permission_timeout", 503);
    const client = await long.connect();
    void client.request("say");
    await sleep(150);
    expect(client.answers).toEqual([]);
  },

  "every question has a timeout of its own": async (lab) => {
    const rule = permission("slow", async () => {
      await sleep(120);
      return true;
    });
    const server = await lab.guard(rules({ say: rule }), { timeout: { action: 300 } });
    const client = await server.connect();
    const answers = await Promise.all(client.sendAll([1, 2, 3, 4].map((n) => client.message("say", { n }))));
    for (const answer of answers) expectHandled(answer);
  },

  "a message is decided under the scope at its turn": async (lab) => {
    let name = "alice";
    const seen: unknown[] = [];
    const look = permission("look", ({ scope }) => seen.push((scope.user as { name: string }).name) > 0);
    const server = await lab.guard(rules({ look }), { authenticate: () => ({ user: { name } }) });
    const client = await server.connect();
    await client.request("look");
    name = "bob";
    await server.session.refresh();
    await client.request("look");
    expect(seen).toEqual(["alice", "bob"]);
  },

  "a decided message no longer delays others": async (lab) => {
    const gate = deferred<boolean>();
    const server = await lab.guard(rules({ held: permission("held", () => gate.promise) }));
    const client = await server.connect();
    const answers = client.sendAll([client.message("held"), client.message("ping")]);
    await sleep(20);
    expect(server.handled).toEqual([]);
    gate.resolve(true);
    await Promise.all(answers);
    expect(server.actions).toEqual(["held", "ping"]);
    expectHandled(await client.request("ping"));
  },
};
