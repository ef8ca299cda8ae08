import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import type { ClientOptions, ServerOptions } from "ws";
import { tcpOf } from "../test/pending.js";
import { Client, closeFrame, enter, frame, gatedRule, sleep, start, stopAll, until } from "../test/support.js";
import type { WsGuardOptions } from "./index.js";
import { parserOf } from "./parser.js";

afterEach(stopAll);

const COUNT = 1000;
const messages = Array.from({ length: COUNT }, (_, n) => `{"action":"say","text":"bits","n":${n}}`);
const nextTurn = permission("next turn", async () => {
  await new Promise(setImmediate);
  return true;
});
const nextTick = permission("next tick", async () => true);
const policy = definePolicy({ permissions: nextTurn });

interface Way {
  readonly server?: ServerOptions;
  readonly client?: ClientOptions;
  readonly options?: WsGuardOptions;
  readonly isBinary?: boolean;
}

const compressed = { perMessageDeflate: { threshold: 0 } };
const WAYS: [string, Way][] = [
  ["as text", {}],
  ["binary", { isBinary: true }],
  ["compressed", { server: compressed, client: compressed }],
  ["compressed and binary", { server: compressed, client: compressed, isBinary: true }],
  ["without turns", { options: { fairScheduling: false } }],
  ["one in a turn", { server: { allowSynchronousEvents: false } }],
];

describe.each(WAYS)("1,000 messages at once, %s,", (_what, { server, client: given, options, isBinary = false }) => {
  test.each([
    ["in the next turn", nextTurn],
    ["in the next tick", nextTick],
  ])("are handled in order by a rule that answers %s", async (_when, rule) => {
    const { url, handled } = await start({
      policy: definePolicy({ permissions: rule }),
      ...(server && { server }),
      ...(options && { options }),
    });
    const client = await Client.open(url, given);
    for (const message of messages) client.socket.send(message, { binary: isBinary });
    await until(() => handled.length === COUNT);
    expect(handled).toEqual(messages);
    expect(client.received).toEqual([]);
  });
});

describe("a parser that is held", () => {
  const burst = Buffer.concat(messages.map((message) => frame(message)));

  test("lets pings and a close after a burst through", async () => {
    const running = await start({ policy });
    const { tcp, socket } = await enter(running);
    const heard: string[] = [];
    socket.on("ping", () => void heard.push(`ping after ${running.handled.length}`));
    socket.on("close", (code) => void heard.push(`${code} after ${running.handled.length}`));
    tcp.socket.write(Buffer.concat([burst, frame("", 9), closeFrame(4321)]));
    await until(() => heard.length === 2);
    expect(heard[1]).toBe(`4321 after ${COUNT}`);
    expect(Number(heard[0]?.slice(11))).toBeGreaterThan(COUNT - 4);
  });

  test("resumes when the connection is gone, so that close is emitted", async () => {
    const { rule, asked } = gatedRule();
    const running = await start({ policy: definePolicy({ permissions: rule }) });
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    tcp.socket.write(burst);
    await until(() => asked.length === 1);
    await sleep(20);
    tcpOf(socket).destroy(new Error("reset"));
    socket.on("error", () => {});
    expect(await closed).toBe(1006);
    expect([running.handled, running.guard.sessions.size]).toEqual([[], 0]);
  });

  test.each(["terminate", "close"] as const)("resumes when the application ends the connection: %s()", async (end) => {
    const { rule, asked } = gatedRule();
    const running = await start({ policy: definePolicy({ permissions: rule }) });
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    tcp.socket.write(end === "terminate" ? burst : Buffer.concat([burst, closeFrame(4000)]));
    await until(() => asked.length === 1);
    await sleep(20);
    if (end === "terminate") socket.terminate();
    else running.session().close(4000);
    expect(await closed).toBe(end === "terminate" ? 1006 : 4000);
    expect(running.handled).toEqual([]);
  });

  test("resumes after `timeout.action`; then the queue limits apply", async () => {
    const { rule, asked } = gatedRule();
    const options = { timeout: { action: 40 }, limits: { pendingMessages: 10 } };
    const running = await start({ policy: definePolicy({ permissions: rule }), options });
    const { tcp } = await enter(running);
    tcp.socket.write(burst);
    await until(() => asked.length === 1);
    await until(() => tcp.isClosed);
    expect(tcp.received.toString("latin1")).toContain("Too many messages are waiting");
    expect(tcp.received.includes("too many messages")).toBe(true);
  });

  test("delays no other client", async () => {
    const { rule } = gatedRule();
    const running = await start({ policy: definePolicy({ actions: { say: rule, ping: AllowAny } }) });
    const { tcp } = await enter(running);
    tcp.socket.write(burst);
    const client = await Client.open(running.url);
    client.send({ action: "ping" });
    await until(() => running.handled.length === 1);
  });
});

test("a ws without a holdable parser is left unchanged", () => {
  for (const receiver of [undefined, {}, { startLoop() {} }, { startLoop() {}, _allowSynchronousEvents: undefined }]) {
    expect(parserOf({ _receiver: receiver, _socket: {} } as never, undefined)).toBeUndefined();
  }
  expect(
    parserOf({ _receiver: { startLoop() {}, _allowSynchronousEvents: true } } as never, undefined),
  ).toBeUndefined();
});
