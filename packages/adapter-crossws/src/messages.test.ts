import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connect, messageOf, start, strangePeer } from "../test/support.js";
import { dcrf, guard, serve } from "./index.js";

/** A guard whose rule `held` is answered by hand, and an open peer. */
async function holding() {
  const answers: ((is: boolean) => void)[] = [];
  const held = permission("held", () => new Promise<boolean>((answer) => answers.push(answer)));
  const log: unknown[] = [];
  const made = guard(
    {
      message: (_peer, message) => void log.push(message.text()),
      close: (_peer, details) => void log.push(["close", details?.code]),
    },
    definePolicy({ actions: { held, ping: AllowAny } }),
    { onDecision() {} },
  );
  const { context } = (await made.hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer, done } = strangePeer({ ...context });
  made.hooks.open(peer);
  const send = (action: string) => made.hooks.message(peer, messageOf(JSON.stringify({ action, request_id: 1 })));
  return { ...made, answers, log, peer, done, send };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

test.each<[string, { code?: number } | undefined]>([
  ["with a code", { code: 1000 }],
  ["without a code", {}],
  ["without details", undefined],
])("an orderly close %s delivers what came before", async (_what, details) => {
  const { hooks, answers, log, peer, send } = await holding();
  send("held");
  send("ping");
  hooks.close(peer, details as never);
  expect(log).toEqual([]);
  answers[0]?.(true);
  await settled();
  expect(log.at(-1)).toEqual(["close", details?.code]);
  expect(log).toHaveLength(3);
});

test.each<[string, { code?: number }, boolean]>([
  ["a code of 1006", { code: 1006 }, false],
  ["no code after an error", {}, true],
])("a cut with %s drops what waits", async (_what, details, hasFailed) => {
  const { hooks, answers, log, peer, send } = await holding();
  send("held");
  if (hasFailed) hooks.error(peer, new Error("reset") as never);
  hooks.close(peer, details);
  answers[0]?.(true);
  await settled();
  expect(log).toEqual([["close", details.code]]);
});

test("a client that does not answer a close counts as gone", async () => {
  const { sessionOf, log, peer, done } = await holding();
  sessionOf(peer)?.close(4001, "x".repeat(200));
  await expect.poll(() => log).toEqual([["close", 1006]]);
  expect(done).toEqual([["close", 4001, "x".repeat(123)], ["terminate"]]);
});

test.each([
  ["nothing", undefined],
  ["a number", 5],
  ["a Blob", new Blob(["{}"])],
  ["an object", {}],
])("a message of %s is refused", async (_what, rawData) => {
  const { hooks, log, peer, done } = await holding();
  hooks.message(peer, messageOf(rawData));
  expect(JSON.parse((done[0] as [string, string])[1])).toMatchObject({ response_status: 400 });
  expect(log).toEqual([]);
});

test("the bytes of an ArrayBuffer are read as text", async () => {
  const { hooks, peer, done } = await holding();
  hooks.message(peer, messageOf(new TextEncoder().encode('{"action":"other","request_id":7}').buffer));
  expect(JSON.parse((done[0] as [string, string])[1])).toMatchObject({ response_status: 405, request_id: 7 });
});

test("a peer whose send throws ends alone", async () => {
  const { hooks, peer, done, sessions } = await holding();
  Object.assign(peer, {
    send() {
      throw new Error("gone");
    },
  });
  hooks.message(peer, messageOf('{"action":"other"}'));
  expect(done).toEqual([["close", 1011, "internal error"]]);
  expect(sessions.size).toBe(0);
});

test("a hook gets its message and its error surfaces", async () => {
  const made = guard(
    { message: async () => Promise.reject(new Error("mine")) },
    definePolicy({ permissions: AllowAny }),
  );
  const { context } = (await made.hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer } = strangePeer({ ...context });
  made.hooks.open(peer);
  await expect(made.hooks.message(peer, messageOf('{"action":"ping"}'))).rejects.toThrow("mine");
});

test("a heartbeat is answered without a rule", async () => {
  const { url, log } = await start({ options: { codec: dcrf({ heartbeat: { ping: "ping", pong: '"pong"' } }) } });
  const { socket, frames, opened } = connect(url);
  await opened;
  socket.send("ping");
  await expect.poll(() => frames).toEqual(["pong"]);
  expect(log).toEqual([["open", "/"]]);
});

test("a message larger than `maxPayload` closes with 1009", async () => {
  const { url, log } = await start({ options: { maxPayload: 100 } });
  const { ask, opened, closed } = connect(url);
  await opened;
  ask("ping", { text: "é".repeat(60) });
  expect(await closed).toEqual([1009, "message too big"]);
  expect(log).not.toContainEqual(expect.arrayContaining(["message"]));
});

test("a consumer answers beside hooks of the application", async () => {
  const log: unknown[] = [];
  const echo = defineConsumer().action("echo", AllowAny, ({ payload }) => payload.text);
  const { hooks } = serve(echo, { hooks: { open: () => void log.push("open"), close: () => void log.push("close") } });
  const { context } = (await hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer, done } = strangePeer({ ...context });
  hooks.open(peer);
  hooks.message(peer, messageOf('{"action":"echo","request_id":1,"text":"hi"}'));
  await expect.poll(() => done.length).toBe(1);
  expect(JSON.parse((done[0] as [string, string])[1])).toMatchObject({ data: "hi", response_status: 200 });
  hooks.close(peer, { code: 1000 });
  expect(log).toEqual(["open", "close"]);
});

test("a message that is too large, or comes after the close, is not decoded", async () => {
  const decode = vi.fn(() => ({ action: "ping" }));
  const codec = { decode, denied: () => "denied" };
  const { hooks } = guard({}, definePolicy({ actions: { ping: AllowAny } }), { codec, maxPayload: 10 });
  const { context } = (await hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer, done } = strangePeer({ ...context });
  hooks.open(peer);
  hooks.message(peer, messageOf("0123456789"));
  expect(decode).toHaveBeenCalledTimes(1);
  for (const raw of ["0123456789a", "short", new Uint8Array(11)]) hooks.message(peer, messageOf(raw));
  expect(decode).toHaveBeenCalledTimes(1);
  expect(done).toEqual([["close", 1009, "message too big"]]);
});

describe("a cut client that offered subprotocols", () => {
  const cut = async (messages: string[], refuse: "status" | "close") => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => void warned.mockRestore());
    const rules = definePolicy({ connect: refuse === "close" ? DenyAll : AllowAny, actions: { ping: AllowAny } });
    const { hooks } = guard({}, rules, { hints: true, refuse });
    const headers = { "sec-websocket-protocol": "app" };
    const { context } = (await hooks.upgrade(new Request("http://localhost/", { headers }))) as { context: object };
    const { peer } = strangePeer({ ...context });
    hooks.open(peer);
    for (const message of messages) hooks.message(peer, messageOf(message));
    hooks.close(peer, { code: 1006 });
    return warned.mock.calls.filter(([line]) => String(line).includes("offered subprotocols"));
  };

  test("causes a hint before its first message", async () => {
    expect(await cut([], "status")).toHaveLength(1);
  });

  test("causes no hint after its first message", async () => {
    expect(await cut(['{"action":"ping"}'], "status")).toEqual([]);
  });

  test("causes no hint if it was refused", async () => {
    expect(await cut([], "close")).toEqual([]);
  });
});
