import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { expect } from "vitest";
import { deferred, sleep, until } from "../lab.js";
import { connecting, expectDenied, expectHandled, expectRefused, rules, type Subject } from "./subject.js";

/** What surrounds a decision about connecting. */
export const handshake: Subject = {
  "a refused client is never seen by the application": async (lab) => {
    const server = await lab.guard(rules({}, { connect: connecting("closed", async () => false) }));
    await server.tryHandshake();
    await sleep(20);
    expect(server.opened).toEqual([]);
    expect(server.handled).toEqual([]);
    expect([...server.guard.sessions]).toEqual([]);
  },

  "messages that arrive while the decision is pending are neither lost nor handled before": async (lab) => {
    const log: string[] = [];
    const decision = deferred<boolean>();
    const slow = connecting("slow", async () => {
      const answer = await decision.promise;
      log.push("admitted");
      return answer;
    });
    const policy = rules({ say: AllowAny }, { connect: slow });
    const server = await lab.guard(policy, { answer: ({ payload }) => log.push(`handled ${payload.n}`) });
    const early = [1, 2, 3].map((n) => ({ id: n, action: "say", payload: { n }, wantsAnswer: true }));
    const opening = server.connect({ early });
    await sleep(30);
    expect(log).toEqual([]);
    decision.resolve(true);
    const client = await opening;
    await until(() => log.length >= 4, "the early messages are handled");
    expect(log).toEqual(["admitted", "handled 1", "handled 2", "handled 3"]);
    await until(() => client.answers.length === 3, "the early messages are answered");
  },

  "messages of a refused client reach nobody": async (lab) => {
    const { promise, resolve } = deferred<boolean>();
    const server = await lab.guard(rules({ say: AllowAny }, { connect: connecting("slow", () => promise) }));
    const knocking = server.tryHandshake({ early: [{ id: 1, action: "say", payload: {}, wantsAnswer: true }] });
    await sleep(20);
    resolve(false);
    expectRefused(lab, await knocking, "permission_denied", 403);
    await sleep(20);
    expect(server.handled).toEqual([]);
  },

  "a client that leaves before the answer leaves nothing behind": async (lab) => {
    const signals: AbortSignal[] = [];
    const policy = definePolicy({
      permissions: AllowAny,
      connect: permission("hangs", {
        connect: ({ signal }) => {
          signals.push(signal);
          return new Promise<boolean>(() => {});
        },
      }),
    });
    const server = await lab.guard(policy);
    const controller = new AbortController();
    const knocking = server.tryHandshake({ signal: controller.signal }).catch(() => undefined);
    await until(() => signals.length === 1, "the rule is asked");
    controller.abort();
    await until(() => signals[0]?.aborted === true, "the rule is told that nobody waits");
    await knocking;
    expect(server.opened).toEqual([]);
    expect([...server.guard.sessions]).toEqual([]);
  },

  "a connection that is resumed is asked again, and guarded as before": async (lab) => {
    let count = 0;
    const rule = permission("counted", { connect: () => ++count > 0, action: ({ action }) => action !== "closed" });
    const server = await lab.guard(definePolicy({ permissions: rule }));
    const before = await server.connect();
    expectHandled(await before.request("ping"));
    before.terminate();
    await until(() => server.ended.length === 1, "the application hears of the end");
    const after = await server.connect(before.raw && { resumes: before.raw });
    expect(count).toBe(2);
    expectHandled(await after.request("ping"));
    expectDenied(await after.request("closed"), "permission_denied", 403);
    expect(server.actions).toEqual(["ping", "ping"]);
  },
};
