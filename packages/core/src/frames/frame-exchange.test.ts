import { AllowAny, type DecisionEvent, DenyAll, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect, test, vi } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { connectFrames } from "../../test/frame-connection.js";
import type { Codec, FrameContext } from "../codecs/codec.js";
import { json } from "../codecs/json.js";
import { type JsonRpcRequest, jsonRpc } from "../codecs/json-rpc.js";
import { readLimits } from "../guard/limits.js";
import type { DecodedMessage } from "./decoded-message.js";
import { FrameExchange } from "./frame-exchange.js";
import { readFrameOptions } from "./frame-options.js";

const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll } });
const call = (method: string, id?: unknown) => ({ jsonrpc: "2.0", method, ...(id !== undefined && { id }) });

test("decode gets one context per connection, with the present scope", () => {
  const contexts: FrameContext[] = [];
  const scopes: unknown[] = [];
  const codec: Codec = {
    decode(_frame, context) {
      contexts.push(context);
      scopes.push(context.scope);
      return { action: context.scope.path === "/a" ? "yes" : "no" };
    },
    denied: () => "denied",
  };
  const { receive, session, wire } = connectFrames(policy, { codec, scope: { path: "/a" } });
  receive("x");
  const other = { ...session.scope, path: "/b" };
  session.scope = other;
  receive("x");
  expect([wire.handedOn.length, wire.frames]).toEqual([1, ["denied"]]);
  expect(new Set(contexts).size).toBe(1);
  expect(contexts[0]?.session).toBe(session);
  expect(scopes[1]).toBe(other);
});

test("the option `denied` answers in place of the codec, with the message as it came", () => {
  const { receive, wire } = connectFrames(policy, {
    codec: json({ payload: "data" }),
    denied: ({ code }, { message }) => JSON.stringify({ seq: message?.seq, code }),
  });
  receive({ type: "no", seq: 3 });
  receive({ type: 5, seq: 4 });
  receive("{");
  expect(wire.answers).toEqual([
    { seq: 3, code: "permission_denied" },
    { seq: 4, code: "bad_message" },
    { code: "bad_message" },
  ]);
});

test("a refusal that is not sent though the client waits is told once", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const silent = (codec: Codec, hints = true) =>
    connectFrames(policy, { codec: { ...codec, denied: () => undefined }, hints });
  const { receive, wire } = silent(json());
  receive({ type: "no" });
  receive({ type: "no", id: null });
  expect(warn).not.toHaveBeenCalled();
  receive({ type: "no", id: 1 });
  receive({ type: "no", id: 2 });
  expect(warn.mock.calls.flat()).toEqual([
    'portcullis: a refusal of the action "no" was not sent, and the client gave an `id`: return a frame from denied(). This is printed once; `hints: false` turns it off.',
  ]);
  expect(wire.frames).toEqual([]);
  silent(json(), false).receive({ type: "no", id: 1 });
  connectFrames(policy, { codec: json(), hints: true }).receive({ type: "no", id: 1 });
  connectFrames(policy, { codec: jsonRpc(), hints: true }).receive(call("no"));
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test("a message has the size of its frame, and whether it is binary", () => {
  const messages: DecodedMessage[] = [];
  const session = { isAccepting: true, receive: (message: DecodedMessage) => void messages.push(message) };
  const guard = { ...readFrameOptions("guard()", { codec: jsonRpc() }, false), gate: { limits: readLimits() } };
  const exchange = new FrameExchange<string>(session as never, guard as never, { send() {} });
  const one = JSON.stringify(call("yes"));
  const counts = [
    exchange.receive(one, 10, "a text"),
    exchange.receive(new TextEncoder().encode(one), 20, "bytes"),
    exchange.receive(undefined, 30, "a Blob"),
    exchange.receive(`[${one},${one}]`, 40, "a batch"),
  ];
  expect(counts).toEqual([1, 1, 1, 2]);
  expect(messages.map(({ raw, bytes, isBinary }) => [raw, bytes, isBinary])).toEqual([
    ["a text", 10, false],
    ["bytes", 20, true],
    ["a Blob", 30, true],
    ["a batch", 40, false],
    ["a batch", 0, false],
  ]);
});

test("a codec that cannot encode a refusal is reported", () => {
  const denied = () => {
    throw new Error("broken");
  };
  const { receive, wire, events } = connectFrames(policy, { codec: { ...json(), denied } });
  receive({ type: "no" });
  expect(wire.answers).toMatchObject([{ error: { code: "permission_denied" } }]);
  expect(events.at(-1)).toMatchObject({ action: "no", decision: { by: "codec", error: new Error("broken") } });
});

test("a notice is sent as a frame of the codec", () => {
  const { wire } = connectFrames(policy, { codec: json() });
  wire.exchange?.notify("auth.expiring", { expiresIn: 5 });
  expect(wire.answers).toEqual([{ type: "auth.expiring", expiresIn: 5 }]);
});

test("a codec that cannot join its answers is reported", () => {
  const join = () => {
    throw new Error("broken");
  };
  const { receive, wire, events } = connectFrames(policy, { codec: { ...jsonRpc(), join } });
  receive([call("no", 1), call("no", 2)]);
  expect(wire.answers).toMatchObject([{ id: 1 }, { id: 2 }]);
  expect(events.at(-1)).toMatchObject({
    action: "",
    decision: { outcome: "error", by: "codec", error: new Error("broken") },
  });
});

test("a batch of notifications is not answered", () => {
  const { receive, wire } = connectFrames(policy, { codec: jsonRpc() });
  receive([call("no"), call("yes")]);
  expect([wire.frames, wire.handedOn]).toEqual([[], []]);
});

test("a handler that answers twice is not held up by the requests behind it", async () => {
  const { promise, resolve } = deferred<string>();
  let later: (data: unknown) => void = () => {};
  const consumer = defineConsumer()
    .action("watch", AllowAny, ({ reply }) => {
      reply("begun");
      later = reply;
    })
    .action("work", AllowAny, () => promise);
  const { receive, wire } = connectFrames(consumer, { codec: jsonRpc() });
  receive([call("watch", 1), call("work", 2), call("nowhere", 3)]);
  expect(wire.frames).toEqual([]);
  later("first");
  later("second");
  resolve("done");
  await settled();
  later("third");
  const result = (id: number, data: unknown) => ({ jsonrpc: "2.0", result: data, id });
  expect(wire.answers).toEqual([
    [result(1, "begun")],
    result(1, "first"),
    result(1, "second"),
    [result(2, "done"), expect.objectContaining({ id: 3, error: expect.objectContaining({ code: -32601 }) })],
    result(1, "third"),
  ]);
});

test("answers beyond `limits.unread` are not kept for the rest of the frame", () => {
  const consumer = defineConsumer().action("get", AllowAny, () => "x".repeat(400));
  const { receive, wire } = connectFrames(consumer, { codec: jsonRpc(), limits: { unread: 1000 } });
  receive([1, 2, 3, 4].map((id) => call("get", id)));
  expect(wire.answers).toEqual([
    [1, 2, 3].map((id) => expect.objectContaining({ id })),
    [expect.objectContaining({ id: 4 })],
  ]);
});

test("a handler that closes the guard gets the requests before answered, and no more are taken", async () => {
  const handled: unknown[] = [];
  let close = () => {};
  const consumer = defineConsumer()
    .action("stop", AllowAny, () => close())
    .action("work", AllowAny, ({ action }) => void handled.push(action));
  const { receive, wire, gate } = connectFrames(consumer, { codec: jsonRpc() });
  close = () => void gate.close();
  receive([call("stop", 1), call("work", 2)]);
  expect([wire.answers, handled]).toEqual([[[{ jsonrpc: "2.0", result: null, id: 1 }]], []]);
  await settled();
});

test("a rule that closes the guard refuses the frame", async () => {
  let close = () => {};
  const stop = permission("stop", () => {
    close();
    return true;
  });
  const { receive, wire, gate } = connectFrames(definePolicy({ actions: { stop, yes: AllowAny } }), {
    codec: jsonRpc(),
  });
  close = () => void gate.close();
  receive([call("stop", 1), call("yes", 2)]);
  expect(wire.answers).toMatchObject([[{ id: 1, error: { data: { code: "batch_refused" } } }]]);
  expect(wire.handedOn).toEqual([]);
  await settled();
});

test("a session that ends in the middle of a frame sends nothing", async () => {
  const { promise, resolve } = deferred<boolean>();
  const actions = { yes: AllowAny, no: DenyAll, held: permission("held", () => promise) };
  const { receive, wire, session } = connectFrames(definePolicy({ actions }), { codec: jsonRpc() });
  receive([call("no", 1), call("held", 2), call("yes", 3)]);
  session.close();
  resolve(true);
  await settled();
  expect([wire.frames, wire.handedOn]).toEqual([[], []]);
});

test("a handler that ends the session drops the rest of the frame", () => {
  const handled: unknown[] = [];
  const consumer = defineConsumer()
    .action("leave", AllowAny, ({ consumer }) => consumer.close())
    .action("work", AllowAny, ({ action }) => void handled.push(action));
  const { receive, wire } = connectFrames(consumer, { codec: jsonRpc() });
  receive([call("work", 1), call("leave", 2), call("work", 3)]);
  expect([wire.frames, handled]).toEqual([[], ["work"]]);
});

test("a codec that ends the session with a refusal drops the rest of the frame", () => {
  const codec: Codec<JsonRpcRequest & { session?: FrameContext["session"] }> = {
    ...jsonRpc(),
    decode: (_frame, { session }) => ["no", "nowhere", "yes"].map((action, id) => ({ action, id, session })),
    denied(request, refusal) {
      if (refusal.code === "unknown_action") request.session?.close(4403);
      return "denied";
    },
  };
  const events: string[] = [];
  const onDecision = ({ decision }: DecisionEvent) => void events.push(decision.code);
  const { receive, wire } = connectFrames(policy, { codec: codec as Codec, onDecision });
  receive("x");
  expect([wire.frames, wire.handedOn, events]).toEqual([[], [], ["permission_denied", "unknown_action"]]);
});
