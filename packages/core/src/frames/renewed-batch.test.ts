import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { expect, test } from "vitest";
import { settled } from "../../test/connection.js";
import { connectFrames } from "../../test/frame-connection.js";
import { jsonRpc } from "../codecs/json-rpc.js";
import { Batch } from "./batch.js";
import { DecodedMessage } from "./decoded-message.js";

const request = (action: string) =>
  new DecodedMessage({ request: { action }, action, payload: {}, refusal: undefined }, 0, undefined, false);

/** A batch of two requests, and what was refused of them. */
function received(first: string, unread = 1_000) {
  const refused: object[] = [];
  const sent: unknown[] = [];
  const messages = [request(first), request("a")] as const;
  const session = {
    isAccepting: true,
    isEnded: false,
    epoch: 1,
    receive() {},
    refuse: (_: unknown, by: object) => void refused.push(by),
  };
  const send = (frame: unknown) => sent.push(frame);
  Batch.receive(messages, { session: session as never, unread, send, join: (answers) => [`[${answers}]`] });
  return { messages, batch: messages[0].batch, session, refused, sent };
}

/** A batch of a renewal and an allowed request. The renewal gets this answer. */
function answered(isRefused: boolean) {
  const { messages, batch, refused } = received("auth.renew");
  expect(batch?.allow(messages[1])).toBe(false);
  if (batch && isRefused) batch.isRefused = true;
  batch?.answer(messages[0], "{}");
  return refused;
}

test("a renewal in a batch refuses the others to be sent again", () => {
  const reason = "The identity has changed; send it again.";
  expect(answered(false)).toMatchObject([{ code: "batch_refused", status: 503, retry: "later", reason }]);
});

test("a refused renewal in a batch refuses the others", () => {
  expect(answered(true)).toMatchObject([{ code: "batch_refused", status: 424, retry: "never" }]);
});

test("a batch that is withdrawn refuses all its requests", () => {
  const { messages, batch, refused } = received("b");
  expect(messages.map((message) => batch?.allow(message))).toEqual([false, true]);
  expect(refused).toEqual([]);
  batch?.withdraw(messages[1]);
  const stale = { code: "batch_refused", status: 503, retry: "later" };
  expect(refused).toMatchObject([stale, stale]);
});

test("a batch that was allowed under two identities is refused", () => {
  const { messages, batch, session, refused } = received("b");
  expect(batch?.allow(messages[0])).toBe(false);
  session.epoch = 2;
  expect(batch?.allow(messages[1])).toBe(false);
  const stale = { code: "batch_refused", status: 503 };
  expect(refused).toMatchObject([stale, stale]);
});

test("a batch that a handler has ended refuses what waits for the rest", () => {
  const refused: object[] = [];
  const messages = [request("a"), request("b")];
  const session = {
    isAccepting: true,
    isEnded: false,
    epoch: 1,
    receive(message: DecodedMessage) {
      message.batch?.allow(message);
      session.isAccepting = false;
    },
    refuse: (_: unknown, by: object) => void refused.push(by),
  };
  Batch.receive(messages, { session: session as never, unread: 1_000, send() {}, join: (answers) => answers });
  expect(refused).toMatchObject([{ code: "batch_refused", status: 424 }]);
});

test("a later answer that is left out sends nothing", () => {
  const { messages, batch, sent } = received("b");
  batch?.answer(messages[0], "ab");
  batch?.answer(messages[0], undefined);
  expect(sent).toEqual(["[ab]"]);
});

test.each([
  [4, ["[ab,cd]"]],
  [2, ["[ab,cd]"]],
  [1, ["[ab]", "[cd]"]],
])("a batch of four bytes with `unread` %i sends %j", (unread, frames) => {
  const { messages, batch, sent } = received("b", unread);
  batch?.answer(messages[0], "ab");
  batch?.answer(messages[1], "cd");
  expect(sent).toEqual(frames);
});

test("a refused request of a batch refuses the others", async () => {
  const { receive, wire } = connectFrames(definePolicy({ actions: { a: AllowAny, b: DenyAll } }), {
    codec: jsonRpc(),
    onDecision() {},
  });
  receive(["a", "b"].map((method, id) => ({ jsonrpc: "2.0", method, id })));
  await settled();
  expect(wire.refused.map(({ status }) => status)).toEqual([403, 424]);
});
