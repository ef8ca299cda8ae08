import { expect } from "vitest";
import { sleep } from "../lab.js";
import { expectClosed, expectHandled, rules, type Subject } from "./subject.js";

/** Limits of a handshake, and of messages that cannot be read. */
export const limits: Subject = {
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
