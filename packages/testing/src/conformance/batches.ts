import { AllowAny, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { until } from "../lab.js";
import {
  expectAnsweredOnce,
  expectDenied,
  expectHandled,
  expectReplied,
  holding,
  rules,
  type Subject,
} from "./subject.js";

const later = permission("later", async () => true);
const closed = permission("closed", async () => false);

/** Several messages in one frame. */
export const batches: Subject = {
  "a frame is delivered once, when all its messages are allowed": {
    needs: "batches",
    check: async (lab) => {
      const server = await lab.guard(rules({ later }));
      const client = await server.connect();
      const messages = ["later", "ping", "later"].map((action) => client.message(action));
      const before = client.request("ping");
      for (const answer of client.sendBatch(messages)) expectHandled(await answer);
      expectHandled(await before);
      await expectAnsweredOnce(client, ...messages);
      expect(server.actions).toEqual(["ping", "later", "ping", "later", "ping"]);
    },
  },

  "a frame with a refused message reaches nobody, and each message is answered once": {
    needs: "batches",
    check: async (lab) => {
      const server = await lab.guard(rules({ later, closed }), { isListening: true });
      const client = await server.connect();
      const messages = ["later", "closed", "ping", "nowhere"].map((action) => client.message(action));
      const [first, second, third, fourth] = await Promise.all(client.sendBatch(messages));
      expectDenied(first, "batch_refused", 424);
      expectDenied(second, "permission_denied", 403);
      expectDenied(third, "batch_refused", 424);
      expectDenied(fourth, "unknown_action", 405);
      expect(client.frames).toHaveLength(1);
      await expectAnsweredOnce(client, ...messages);
      expect(server.actions).toEqual(["ping"]);
      const codes = server.events.filter(({ phase }) => phase === "action").map(({ decision }) => decision.code);
      expect(codes.filter((code) => code === "batch_refused")).toHaveLength(2);
    },
  },

  "messages behind a frame wait for all its messages": {
    needs: "batches",
    check: async (lab) => {
      const { held, resolve, asked } = holding();
      const server = await lab.guard(rules({ held, later }));
      const client = await server.connect();
      const answers = client.sendBatch([client.message("held"), client.message("later")]);
      await until(() => asked.length === 1, "the rule is asked");
      const last = client.request("ping");
      resolve(true);
      for (const answer of [...answers, last]) expectHandled(await answer);
      expect(server.actions).toEqual(["held", "later", "ping"]);
    },
  },

  "handlers get the allowed messages in order, and are answered together": {
    needs: "batches",
    check: async (lab) => {
      const handled: unknown[] = [];
      const consumer = defineConsumer()
        .action("ping", AllowAny, () => "pong")
        .action("closed", closed, () => handled.push("closed"))
        .action("work", AllowAny, async ({ payload }) => {
          await new Promise(setImmediate);
          handled.push(payload.n);
          return payload.n;
        });
      const client = await (await lab.serve(consumer)).connect();
      const messages = [1, 2, 3].map((n) => client.message(n === 2 ? "closed" : "work", { n }));
      const [first, second, third] = await Promise.all(client.sendBatch(messages));
      expectReplied(first, 1);
      expectDenied(second, "permission_denied", 403);
      expectReplied(third, 3);
      expect([handled, client.frames.length]).toEqual([[1, 3], 1]);
      expectReplied(await client.request("ping"), "pong");
      expect(client.answers).toHaveLength(4);
    },
  },

  "a connection that ends in the middle of a frame delivers and answers nothing": {
    needs: "batches",
    check: async (lab) => {
      const { held, resolve, asked } = holding();
      const server = await lab.guard(rules({ held, closed }));
      const [client, other] = [await server.connect(), await server.connect()];
      const answers = client.sendBatch(["closed", "held", "ping"].map((action) => client.message(action)));
      await until(() => asked.length === 1, "the rule is asked");
      client.terminate();
      await until(() => server.ended.length === 1, "the connection has ended");
      resolve(true);
      expect(await Promise.all(answers)).toEqual([undefined, undefined, undefined]);
      expectHandled(await other.request("ping"));
      expect(server.actions).toEqual(["ping"]);
    },
  },

  "a frame with more messages than may wait is refused as one": {
    needs: "batches",
    check: async (lab) => {
      let count = 0;
      const counted = permission("counted", () => ++count > 0);
      const server = await lab.guard(rules({ counted }), { limits: { pendingMessages: 20 } });
      const client = await server.connect();
      client.sendBatch(Array.from({ length: 11 }, () => client.message("counted")));
      await until(() => client.answers.length === 1, "the refusal arrives");
      expectDenied(client.answers[0], "bad_message", 400);
      const fitting = Array.from({ length: 10 }, () => client.message("counted"));
      for (const answer of client.sendBatch(fitting)) expectHandled(await answer);
      expect(count).toBe(10);
    },
  },
};
