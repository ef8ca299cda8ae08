import { AllowAny, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { Client, deferred, start, stopAll, until } from "../test/support.js";
import { type Codec, dcrf, json, jsonRpc } from "./index.js";
import { pingOf } from "./ping.js";

afterEach(stopAll);

const heartbeat = { ping: "ping", pong: "pong" };
const words: Codec = { decode: () => ({ action: undefined }), denied: () => undefined, heartbeat };
const CODECS: [string, Codec][] = [
  ["dcrf", dcrf({ heartbeat })],
  ["json", json({ heartbeat })],
  ["jsonRpc", jsonRpc({ heartbeat })],
  ["a codec of one's own", words],
];
const pings = Array.from({ length: 50 }, () => "ping");

describe("a client with a text heartbeat", () => {
  test("is received as usual by a bare server", async () => {
    const { url, handled } = await start({ isBare: true });
    (await Client.open(url)).send(...pings);
    await until(() => handled.length === 50);
  });

  test("is closed by a guard without the option", async () => {
    const { url } = await start();
    const client = await Client.open(url);
    client.send(...pings);
    expect(await client.end()).toMatchObject({ code: 1008 });
  });

  test.each(CODECS)("is answered by %s, past rules and listeners", async (_name, codec) => {
    const events: unknown[] = [];
    const asked = permission("asked", () => events.push("asked") > 0);
    const options = { codec, onDecision: ({ phase }: { phase: string }) => void events.push(phase) };
    const { url, handled } = await start({ options, policy: definePolicy({ permissions: asked, connect: AllowAny }) });
    const client = await Client.open(url);
    events.length = 0;
    client.send(...pings);
    await until(() => client.received.length === 50);
    expect([...new Set(client.received)]).toEqual(["pong"]);
    expect([events, handled]).toEqual([[], []]);
  });

  test("is answered while a decision is pending", async () => {
    const answer = deferred<boolean>();
    const slow = permission("slow", () => answer.promise);
    const { url, handled } = await start({
      options: { codec: json({ heartbeat }) },
      policy: definePolicy({ permissions: slow, connect: AllowAny }),
    });
    const client = await Client.open(url);
    client.send({ type: "work" }, "ping");
    await until(() => client.received.length === 1);
    expect([client.received, handled]).toEqual([["pong"], []]);
    answer.resolve(true);
    await until(() => handled.length === 1);
  });

  test("that does not read gets pongs up to the limit", async () => {
    const pong = "!".repeat(1_000_000);
    const options = { codec: json({ heartbeat: { ping: "?", pong } }), limits: { pendingBytes: 2_000_000 } };
    const { url, sockets } = await start({ options });
    const client = await Client.open(url);
    client.socket.pause();
    client.send(...Array.from({ length: 500 }, () => "?"));
    const unread = () => sockets[0]?.bufferedAmount ?? 0;
    await until(() => unread() >= 2_000_000);
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(unread()).toBeLessThan(3_100_000);
    }
    client.socket.resume();
    await until(() => unread() === 0);
    client.received.length = 0;
    client.send("?");
    await until(() => client.received.length > 0);
    expect(client.received[0]).toHaveLength(1_000_000);
  });
});

describe("a ping", () => {
  const isPing = pingOf({ ping: '{"type":"ping"}', pong: "" });

  test("is a text frame of exactly this text", () => {
    expect(isPing(Buffer.from('{"type":"ping"}'), false)).toBe(true);
    expect(isPing(Buffer.from('{"type":"ping"}'), true)).toBe(false);
    for (const other of ['{"type": "ping"}', '{"type":"ping"} ', "", '{"type":"ping","x":1}']) {
      expect(isPing(Buffer.from(other), false)).toBe(false);
    }
  });

  test("differs from every other text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), fc.string({ minLength: 1, maxLength: 50 }), (text, ping) => {
        expect(pingOf({ ping, pong: "" })(Buffer.from(text), false)).toBe(text === ping);
        expect(pingOf({ ping, pong: "" })(Buffer.from(ping), false)).toBe(true);
      }),
    );
  });
});

describe("the option", () => {
  test("left out is no part of a codec", () => {
    expect([dcrf(), json(), jsonRpc()].map((codec) => "heartbeat" in codec)).toEqual([false, false, false]);
  });

  const WRONG = [
    null,
    "ping",
    [],
    {},
    { ping: "ping" },
    { ...heartbeat, pong: "" },
    { ...heartbeat, ping: "" },
    { ...heartbeat, ping: 5 },
    { ...heartbeat, ping: "\ud800" },
    { ...heartbeat, interval: 5 },
    { ping: "ping", pong: "ping" },
    { ...heartbeat, ping: '{"action":"ping"}' },
    { ...heartbeat, ping: ' {"type":"ping"}\n' },
    { ...heartbeat, ping: '[{"jsonrpc":"2.0"}]' },
  ];
  test.each(WRONG)("cannot be %j", async (wrong) => {
    for (const make of [dcrf, json, jsonRpc]) {
      expect(() => make({ heartbeat: wrong as never })).toThrow(PermissionMisuse);
    }
    await expect(start({ options: { codec: { ...words, heartbeat: wrong as never } } })).rejects.toThrow("heartbeat");
  });
});
