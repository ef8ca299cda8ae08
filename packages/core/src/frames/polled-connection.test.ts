import { AllowAny, DenyAll, definePolicy, type Policy, permission } from "@portcullis/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { json } from "../codecs/json.js";
import { jsonRpc } from "../codecs/json-rpc.js";
import { Gate } from "../guard/gate.js";
import type { Connection } from "../guard/session/connection.js";
import type { DecodedMessage } from "./decoded-message.js";
import { readFrameOptions } from "./frame-options.js";
import { PolledConnection } from "./polled-connection.js";

/** A socket that records what is done with it. */
class FakeSocket {
  readonly done: unknown[] = [];
  bufferedAmount = 0;
  send(frame: unknown): void {
    this.done.push(frame);
  }
  close(...values: unknown[]): void {
    this.done.push(["close", ...values]);
  }
  terminate(): void {
    this.done.push("terminate");
  }
}

class FakeConnection
  extends PolledConnection<FakeSocket, string, string>
  implements Connection<DecodedMessage<string>, string>
{
  readonly transport = "fake";
  readonly path = "/";
  readonly url = "/";
  readonly headers = {};
  readonly remoteAddress = undefined;
  readonly secure = false;
  readonly request = "the request";
  readonly log: unknown[] = [];

  protected override deliverFrame(raw: string): void {
    this.log.push(raw);
  }
  protected override lost(): void {
    this.log.push("lost");
  }
}

const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll } });
const heartbeat = { ping: "ping", pong: "pong" };

function admit(rules: object = policy, maxPayload = 40, codec = json({ heartbeat })) {
  const gate = new Gate<string>("guard()", rules, { onDecision() {}, limits: { unread: 300 } });
  const options = readFrameOptions("guard()", { codec }, false);
  const connection = new FakeConnection({ gate, ...options, maxPayload } as never);
  connection.evaluation = gate.admit(connection);
  return { gate, connection, socket: new FakeSocket() };
}

function start(rules?: Policy, maxPayload?: number, codec?: ReturnType<typeof json>) {
  const made = admit(rules, maxPayload, codec);
  made.connection.open(made.socket);
  const send = (type: string, more = {}) => {
    const text = JSON.stringify({ type, id: 1, ...more });
    made.connection.receive(text, text);
  };
  return { ...made, send, session: made.connection.session };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

test("an allowed frame is delivered, and a refused one is answered", () => {
  const { connection, socket, send } = start();
  send("yes");
  send("no");
  expect(connection.log).toEqual(['{"type":"yes","id":1}']);
  expect(socket.done).toEqual([expect.stringContaining("permission_denied")]);
});

test("a frame of several requests is delivered once all are allowed", () => {
  const { connection, socket } = start(undefined, 400, jsonRpc() as never);
  const batch = (...methods: string[]) => JSON.stringify(methods.map((method, id) => ({ jsonrpc: "2.0", method, id })));
  connection.receive(batch("yes", "no"), "refused");
  expect([connection.log, socket.done]).toEqual([[], [expect.stringContaining("batch_refused")]]);
  connection.receive(batch("yes", "yes"), "allowed");
  expect(connection.log).toEqual(["allowed"]);
});

test("nothing is received before the session, and after it", () => {
  const { connection, socket } = admit();
  connection.receive("ping", "ping");
  connection.drained();
  connection.open(socket);
  connection.session?.end();
  connection.receive("ping", "ping");
  expect([socket.done, connection.log]).toEqual([[], []]);
});

test("a heartbeat is answered, also where the socket throws", () => {
  const { connection, socket } = start();
  connection.receive("ping", "raw");
  expect(socket.done).toEqual(["pong"]);
  socket.send = () => {
    throw new Error("gone");
  };
  connection.receive("ping", "raw");
  expect(connection.session?.isEnded).toBe(false);
});

test("a codec without a heartbeat reads every frame", () => {
  const { connection, socket } = start(undefined, undefined, json());
  connection.receive('{"type":"no"}', "raw");
  connection.receive("ping", "raw");
  connection.receive(new Blob(["ping"]), "raw");
  expect(socket.done).toEqual(
    ["permission_denied", "bad_message", "bad_message"].map((code) => expect.stringContaining(code)),
  );
});

test("bytes that equal the heartbeat are a message", () => {
  const { connection, socket } = start();
  connection.receive(new TextEncoder().encode("ping"), "raw");
  expect(socket.done).toEqual([expect.stringContaining("bad_message")]);
});

test.each<[string, unknown, string]>([
  ["a text", '{"type":"no"}', "permission_denied"],
  ["bytes", new TextEncoder().encode('{"type":"no"}'), "permission_denied"],
  ["an ArrayBuffer", new TextEncoder().encode('{"type":"no"}').buffer, "permission_denied"],
  ["a Blob", new Blob(['{"type":"no"}']), "bad_message"],
  ["nothing", undefined, "bad_message"],
])("%s is read, or refused", (_what, data, code) => {
  const { connection, socket } = start();
  connection.receive(data, "raw");
  expect(socket.done).toEqual([expect.stringContaining(code)]);
});

test.each([
  ["a text", "é".repeat(20), "é".repeat(21)],
  ["bytes", new Uint8Array(40), new Uint8Array(41)],
])("%s of more bytes than `maxPayload` closes the connection", (_what, largest, tooLarge) => {
  const { connection, socket, session } = start();
  connection.receive(largest, "raw");
  expect(session?.isEnded).toBe(false);
  connection.receive(tooLarge, "raw");
  expect(session?.isEnded).toBe(true);
  expect(socket.done.slice(1)).toEqual([["close", 1009, "message too big"]]);
});

test("a client that does not answer a close is terminated, and lost", () => {
  const { connection, socket, session } = start();
  session?.close(4000, "x".repeat(200));
  vi.advanceTimersByTime(900);
  expect([socket.done, connection.log]).toEqual([[["close", 4000, "x".repeat(123)]], []]);
  vi.advanceTimersByTime(200);
  expect([socket.done.slice(1), connection.log]).toEqual([["terminate"], ["lost"]]);
});

test("a client that answers a close is not terminated", () => {
  const { connection, socket, session } = start();
  session?.close(4000, "bye");
  connection.end(false, () => {});
  vi.advanceTimersByTime(2000);
  expect(socket.done).toEqual([["close", 4000, "bye"]]);
});

test("a connection that is not open, or gone, is not closed", () => {
  const { connection, socket } = admit();
  connection.close(4000, "early");
  vi.advanceTimersByTime(2000);
  expect(connection.log).toEqual([]);
  connection.raw = socket;
  connection.end(true, () => {});
  connection.close(4000, "late");
  vi.advanceTimersByTime(2000);
  expect([socket.done, connection.log]).toEqual([[], []]);
});

test.each([
  [false, ["first", "second", "ended"]],
  [true, ["ended"]],
])("messages that wait at the end (cut: %s) are %j", async (isCut, log) => {
  vi.useRealTimers();
  const answer = deferred<boolean>();
  const { connection, session } = start(
    definePolicy({ actions: { held: permission("held", () => answer.promise), yes: AllowAny } }),
    undefined,
  );
  connection.receive('{"type":"held"}', "first");
  connection.receive('{"type":"yes"}', "second");
  connection.end(isCut, () => void connection.log.push("ended"));
  connection.end(!isCut, () => void connection.log.push("twice"));
  answer.resolve(true);
  await settled();
  expect([connection.log, session?.isEnded]).toEqual([log, true]);
});

test("`whenGone` calls back at the end, also where the application throws", () => {
  const { connection } = start();
  const gone: string[] = [];
  connection.whenGone(() => void gone.push("before"));
  expect(gone).toEqual([]);
  expect(() =>
    connection.end(true, () => {
      throw new Error("mine");
    }),
  ).toThrow("mine");
  connection.whenGone(() => void gone.push("after"));
  expect(gone).toEqual(["before", "after"]);
});

test("answers that are not read hold the client until the socket has sent them", () => {
  const { connection, socket, send } = start();
  const answer = JSON.stringify({}).length;
  for (let i = 0; i < 3; i++) {
    send("no");
    socket.bufferedAmount = 1000 + answer;
  }
  const sent = socket.done.length;
  send("yes");
  expect(connection.log).toEqual([]);
  socket.bufferedAmount = 0;
  connection.drained();
  expect(connection.log).toHaveLength(1);
  expect(socket.done.length).toBeGreaterThanOrEqual(sent);
});

test("messages that wait for a client to read go on at its end", () => {
  const { connection, socket, send } = start();
  socket.bufferedAmount = 5000;
  for (let i = 0; i < 3; i++) send("no");
  send("yes");
  expect(connection.log).toEqual([]);
  connection.end(false, () => void connection.log.push("ended"));
  expect(connection.log).toEqual(['{"type":"yes","id":1}', "ended"]);
});
