import { AllowAny, allow, IsAuthenticated, PermissionDenied, PermissionMisuse, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { deferred, sleep, until } from "../lab.js";
import {
  bearer,
  expectAnsweredOnce,
  expectClosed,
  expectDenied,
  expectReplied,
  rules,
  type Subject,
} from "./subject.js";

const SECRET = "s3cret-of-a-handler";
const base = defineConsumer().action("ping", AllowAny, () => "pong");

/** Consumers: rules with handlers. */
export const serve: Subject = {
  "a handler's result is the answer; undefined becomes null": async (lab) => {
    const consumer = base
      .action("sync", AllowAny, ({ payload }) => ({ twice: Number(payload.n) * 2 }))
      .action("async", AllowAny, async ({ payload }) => sleep(5).then(() => [payload.n]))
      .action("nothing", AllowAny, () => undefined);
    const server = await lab.serve(consumer);
    const client = await server.connect();
    expectReplied(await client.request("sync", { n: 4 }), { twice: 8 });
    expectReplied(await client.request("async", { n: 4 }), [4]);
    expectReplied(await client.request("nothing"), null);
  },

  "a refused message reaches no handler": async (lab) => {
    let count = 0;
    const consumer = base
      .connect(permission("notBanned", { connect: ({ scope }) => scope.query.name !== "banned" }))
      .action("own", IsAuthenticated, () => ++count);
    const server = await lab.serve(consumer, bearer);
    await server.tryHandshake({ query: { name: "banned" } });
    const [nobody, alice] = [await server.connect(), await server.connect({ token: "alice" })];
    expectDenied(await nobody.request("own"), "not_authenticated", 401);
    expectDenied(await nobody.request("nowhere"), "unknown_action", 405);
    expect(count).toBe(0);
    expectReplied(await alice.request("own"), 1);
  },

  "a handler gets scope, payload, evidence and session": async (lab) => {
    const member = permission("member", async ({ payload }) => allow({ membership: { room: payload.room } }));
    let seen: Record<string, unknown> = {};
    const consumer = base.action(
      "say",
      [IsAuthenticated, member],
      ({ scope, payload, evidence, consumer, action, session }) => {
        seen = { user: scope.user, payload, evidence, id: consumer.id, action, session: session.id };
      },
    );
    const server = await lab.serve(consumer, bearer);
    const client = await server.connect({ token: "alice" });
    await client.request("say", { room: "lobby" });
    const { id } = server.session;
    const payload = { room: "lobby" };
    const evidence = { membership: payload };
    expect(seen).toEqual({ user: { id: "alice" }, payload, evidence, id, action: "say", session: id });
  },

  "reply() answers in place of the result, also several times": async (lab) => {
    let later: (data: unknown) => void = () => {};
    const consumer = base.action("subscribe", AllowAny, ({ reply }) => {
      reply({ n: 0 }, { status: 201 });
      later = (data) => reply(data, { action: "update" });
      return "not sent";
    });
    const server = await lab.serve(consumer);
    const client = await server.connect();
    const message = client.message("subscribe");
    expectReplied(await client.sendAll([message])[0], { n: 0 }, 201);
    later({ n: 1 });
    later({ n: 2 });
    await until(() => client.answers.length === 3, "the events arrive");
    expect(client.answers.map(({ data }) => data)).toEqual([0, 1, 2].map((n) => ({ n })));
    for (const { id, action } of client.answers.slice(1)) expect(id ?? action).toBe(id ? message.id : "update");
    server.session.close(4000, "enough");
    later({ n: 3 });
    await expectClosed(client, 4000);
    expect(client.answers).toHaveLength(3);
  },

  "a handler's error is a 500 without details, and an event": async (lab) => {
    const error = new Error(SECRET);
    const consumer = base
      .action("throws", AllowAny, () => {
        throw error;
      })
      .action("rejects", AllowAny, async () => Promise.reject(error));
    const server = await lab.serve(consumer, { isListening: true });
    const client = await server.connect();
    const messages = [client.message("throws", { note: SECRET }), client.message("rejects", { note: SECRET })];
    for (const answer of await Promise.all(client.sendAll(messages))) expectDenied(answer, "handler_error", 500);
    await expectAnsweredOnce(client, ...messages);
    expect(client.text).not.toContain(SECRET);
    const failures = server.events.filter(({ decision }) => decision.code === "handler_error");
    expect(failures.map(({ decision }) => decision.error)).toEqual([error, error]);
  },

  "a thrown PermissionDenied is its decision": async (lab) => {
    const consumer = base
      .action("plain", AllowAny, () => {
        throw new PermissionDenied();
      })
      .action("full", AllowAny, async () => {
        throw new PermissionDenied("room_full", { status: 409, reason: "The room is full" });
      });
    const client = await (await lab.serve(consumer)).connect();
    expectDenied(await client.request("plain"), "permission_denied", 403);
    const full = await client.request("full");
    expect(full?.error).toMatchObject({ code: "room_full", status: 409, reason: "The room is full" });
  },

  "the next message waits for the handler of the one before": async (lab) => {
    const log: string[] = [];
    const consumer = base.action("work", AllowAny, async ({ payload }) => {
      log.push(`begin ${payload.n}`);
      await sleep(10);
      log.push(`end ${payload.n}`);
    });
    const client = await (await lab.serve(consumer)).connect();
    await Promise.all(client.sendAll([1, 2].map((n) => client.message("work", { n }))));
    expect(log).toEqual(["begin 1", "end 1", "begin 2", "end 2"]);
  },

  "unless it is `concurrent`": async (lab) => {
    const { promise, resolve } = deferred<string>();
    const consumer = base.action("long", AllowAny, { concurrent: true }, () => promise);
    const client = await (await lab.serve(consumer)).connect();
    const long = client.request("long");
    expectReplied(await client.request("ping"), "pong");
    resolve("done");
    expectReplied(await long, "done");
  },

  "the end of a connection aborts its handler": async (lab) => {
    const signals: AbortSignal[] = [];
    const { promise, resolve } = deferred<string>();
    const consumer = base.action("work", AllowAny, ({ signal }) => {
      signals.push(signal);
      return promise;
    });
    const server = await lab.serve(consumer);
    const client = await server.connect();
    client.sendAll([client.message("work"), client.message("work")]);
    await until(() => signals.length === 1, "the handler runs");
    server.session.close(4000, "enough");
    expect(signals[0]?.aborted).toBe(true);
    resolve("too late");
    await expectClosed(client, 4000);
    expect([client.answers, signals.length]).toEqual([[], 1]);
  },

  "guard.close() waits for handlers and accepts nothing more": async (lab) => {
    for (const concurrent of [false, true]) {
      const { promise, resolve } = deferred<string>();
      const log: string[] = [];
      const consumer = base
        .action("work", AllowAny, { concurrent }, () => {
          log.push("begin");
          return promise;
        })
        .action("more", AllowAny, () => log.push("more"));
      const server = await lab.serve(consumer);
      const client = await server.connect();
      const work = client.request("work");
      await until(() => log.length === 1, "the handler runs");
      const closing = server.guard.close();
      const more = client.request("more");
      await sleep(20);
      resolve("done");
      expectReplied(await work, "done");
      await closing;
      await expectClosed(client, 1001);
      expect([log, await more]).toEqual([["begin"], undefined]);
    }
  },

  "replace() accepts a consumer, and nothing without handlers": async (lab) => {
    const server = await lab.serve(base.action("say", AllowAny, () => "old"));
    const client = await server.connect();
    server.guard.replace(base.action("say", AllowAny, () => "new") as never);
    expectReplied(await client.request("say"), "new");
    expect(() => server.guard.replace(rules() as never)).toThrow(PermissionMisuse);
    expectReplied(await client.request("say"), "new");
  },
};
