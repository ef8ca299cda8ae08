import { not, or, permission } from "@portcullis/core";
import { expect } from "vitest";
import { deferred, sleep } from "../lab.js";
import { expectAnsweredOnce, expectDenied, rules, type Subject } from "./subject.js";

const faulty = (answer: () => unknown) => permission("faulty", () => answer() as boolean);

const SECRET = "s3cret-of-a-rule";

/** Rules that answer late, or never. */
export const deadlines: Subject = {
  "a rule that never answers is a timeout at the deadline": async (lab) => {
    const signals: AbortSignal[] = [];
    const hangs = permission("hangs", ({ signal }) => {
      signals.push(signal);
      return new Promise<boolean>(() => {});
    });
    const server = await lab.guard(rules({ bare: hangs, turned: not(hangs) }), { timeout: { action: 60 } });
    const client = await server.connect();
    const messages = [client.message("bare"), client.message("turned")];
    for (const answer of await Promise.all(client.sendAll(messages))) {
      expectDenied(answer, "permission_timeout", 503);
      expect(answer?.error?.retry).toBe("later");
    }
    await expectAnsweredOnce(client, ...messages);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(server.actions).toEqual(["ping"]);
  },

  "an answer that comes after the deadline is ignored": async (lab) => {
    const { promise, resolve } = deferred<boolean>();
    const server = await lab.guard(rules({ late: faulty(() => promise) }), { timeout: { action: 40 } });
    const client = await server.connect();
    const message = client.message("late");
    expectDenied(await client.sendAll([message])[0], "permission_timeout", 503);
    resolve(true);
    await sleep(20);
    await expectAnsweredOnce(client, message);
    expect(server.actions).toEqual(["ping"]);
  },

  "a failure that comes after the deadline is ignored": async (lab) => {
    const { promise, reject } = deferred<boolean>();
    const server = await lab.guard(rules({ late: faulty(() => promise) }), { timeout: { action: 40 } });
    const client = await server.connect();
    const message = client.message("late");
    expectDenied(await client.sendAll([message])[0], "permission_timeout", 503);
    reject(new Error(SECRET));
    await sleep(20);
    await expectAnsweredOnce(client, message);
    expect(client.text).not.toContain(SECRET);
  },

  "after the deadline no further rule is asked": async (lab) => {
    const asked: string[] = [];
    const { promise, resolve } = deferred<boolean>();
    const second = permission("second", () => asked.push("second") > 0);
    const server = await lab.guard(
      rules({
        late: or(
          faulty(() => promise),
          second,
        ),
      }),
      { timeout: { action: 40 } },
    );
    const client = await server.connect();
    expectDenied(await client.request("late"), "permission_timeout", 503);
    resolve(false);
    await sleep(20);
    expect(asked).toEqual([]);
  },
};
