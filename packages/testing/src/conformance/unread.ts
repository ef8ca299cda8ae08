import { AllowAny, deny, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import type { TestClient } from "../client.js";
import { type TestServer, until } from "../lab.js";
import { expectAnsweredOnce, expectDenied, expectHandled, expectReplied, rules, type Subject } from "./subject.js";

/** Number of large answers, which together exceed the socket buffers of an operating system. */
const COUNT = 30;
const LARGE = "x".repeat(500_000);

/** A consumer that counts its large answers. */
function answering() {
  const handled: unknown[] = [];
  const consumer = defineConsumer()
    .action("ping", AllowAny, () => "pong")
    .action("large", AllowAny, ({ payload }) => {
      handled.push(payload.n);
      return LARGE;
    });
  return { consumer, handled };
}

const large = (client: TestClient) => Array.from({ length: COUNT }, (_, n) => client.message("large", { n }));

/** Serves another client, long enough for waiting messages to be handled if the server forwarded them. */
async function serveAnother(server: TestServer): Promise<void> {
  const other = await server.connect();
  for (let n = 0; n < 15; n++) expectHandled(await other.request("ping"));
  other.close();
}

/** Answers of the library that a client does not read. */
export const unread: Subject = {
  "answers that are not read hold back the client alone, and then all goes on in order": async (lab) => {
    const { consumer, handled } = answering();
    const server = await lab.serve(consumer);
    const client = await server.connect();
    client.pause();
    const messages = large(client);
    const answers = client.sendAll(messages);
    await until(() => handled.length > 0, "the first is handled");
    await serveAnother(server);
    expect(handled.length).toBeLessThan(COUNT);
    client.resume();
    for (const answer of await Promise.all(answers)) expectReplied(answer, LARGE);
    expect(handled).toEqual(messages.map((_, n) => n));
    await expectAnsweredOnce(client, ...messages);
  },

  "so do refusals": async (lab) => {
    let asked = 0;
    const no = permission("no", () => {
      asked += 1;
      return deny("no", { reason: LARGE });
    });
    const server = await lab.guard(rules({ large: no }));
    const client = await server.connect();
    client.pause();
    const messages = large(client);
    const answers = client.sendAll(messages);
    await until(() => asked > 0, "the first is refused");
    await serveAnother(server);
    expect(asked).toBeLessThan(COUNT);
    client.resume();
    for (const answer of await Promise.all(answers)) expectDenied(answer, "no", 403);
    await expectAnsweredOnce(client, ...messages);
  },

  "data of the application causes no backpressure": async (lab) => {
    const server = await lab.guard(rules({ large: AllowAny }), { answer: () => LARGE });
    const client = await server.connect();
    client.pause();
    const messages = large(client);
    client.sendAll(messages);
    await until(() => server.handled.length === COUNT, "all are handled");
    client.resume();
    await expectAnsweredOnce(client, ...messages);
  },

  "an answer larger than the budget reaches its client and ends nothing": async (lab) => {
    const { consumer } = answering();
    const server = await lab.serve(consumer, { limits: { unread: 1000 } });
    const client = await server.connect();
    for (let n = 0; n < 3; n++) expectReplied(await client.request("large"), LARGE);
    const messages = large(client).slice(0, 5);
    for (const answer of await Promise.all(client.sendAll(messages))) expectReplied(answer, LARGE);
    await expectAnsweredOnce(client, ...messages);
  },

  "at twice the budget the connection ends": async (lab) => {
    let reply: (data: unknown) => void = () => {};
    const consumer = defineConsumer()
      .action("ping", AllowAny, () => "pong")
      .action("feed", AllowAny, (context) => {
        reply = (data) => context.reply(data, { action: "news" });
        return "begun";
      });
    const server = await lab.serve(consumer);
    const client = await server.connect();
    expectReplied(await client.request("feed"), "begun");
    const { session } = server;
    client.pause();
    for (let sent = 0; sent < COUNT && !session.isEnded; sent++) {
      reply(LARGE);
      await new Promise(setImmediate);
    }
    await until(() => session.isEnded, "the connection ends");
    await serveAnother(server);
    client.resume();
    await client.closed;
  },

  "a client that leaves while messages wait leaves nothing behind": async (lab) => {
    const { consumer, handled } = answering();
    const server = await lab.serve(consumer);
    const client = await server.connect();
    client.pause();
    client.sendAll(large(client));
    await until(() => handled.length > 0, "the first is handled");
    await serveAnother(server);
    const { length } = handled;
    client.terminate();
    server.opened[0]?.close();
    await until(() => [...server.guard.sessions].length === 0, "nothing of it is kept");
    expect(handled).toHaveLength(length);
  },

  "guard.close() waits only briefly for a client that does not read": async (lab) => {
    const { consumer, handled } = answering();
    const server = await lab.serve(consumer, { limits: { drain: 200 } });
    const client = await server.connect();
    client.pause();
    client.sendAll(large(client));
    await until(() => handled.length > 0, "the first is handled");
    await server.guard.close();
    expect([...server.guard.sessions]).toEqual([]);
    expect(handled.length).toBeLessThan(COUNT);
  },
};
