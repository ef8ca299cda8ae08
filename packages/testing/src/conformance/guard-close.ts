import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { expect } from "vitest";
import { deferred, sleep, until } from "../lab.js";
import { expectClosed, expectHandled, expectRefused, holding, rules, type Subject } from "./subject.js";

/** The end of a guard. */
export const guardClose: Subject = {
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
