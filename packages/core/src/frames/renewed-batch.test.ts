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
function received(first: string) {
  const refused: object[] = [];
  const messages = [request(first), request("a")] as const;
  const session = {
    isAccepting: true,
    isEnded: false,
    epoch: 1,
    receive() {},
    refuse: (_: unknown, by: object) => void refused.push(by),
  };
  Batch.receive(messages, { session: session as never, unread: 1_000, send() {}, join: (answers) => answers });
  return { messages, batch: messages[0].batch, refused };
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

test("a refused request of a batch refuses the others", async () => {
  const { receive, wire } = connectFrames(definePolicy({ actions: { a: AllowAny, b: DenyAll } }), {
    codec: jsonRpc(),
    onDecision() {},
  });
  receive(["a", "b"].map((method, id) => ({ jsonrpc: "2.0", method, id })));
  await settled();
  expect(wire.refused.map(({ status }) => status)).toEqual([403, 424]);
});
