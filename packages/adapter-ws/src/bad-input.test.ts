import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Client, frame, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import { type Codec, dcrf, type Frame, json, jsonRpc } from "./index.js";

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

afterEach(async () => {
  await stopAll();
  expect(unhandled).toEqual([]);
});

const deep = (open: string, close: string, depth = 200_000) => `${open.repeat(depth)}1${close.repeat(depth)}`;

const BAD: [string, string | Buffer][] = [
  ["garbage", "}{"],
  ["nothing", ""],
  ["an array", '[{"action":"ping"}]'],
  ["a number", "5"],
  ["a huge number", "1e999999999"],
  ["a string", '"ping"'],
  ["null", "null"],
  ["true", "true"],
  ["half an object", '{"action":"ping"'],
  ["two objects", '{"action":"ping"}{"action":"ping"}'],
  ["a byte order mark", '\ufeff{"action":"ping"}'],
  ["an array that is nested deeply", deep("[", "]")],
  ["an array that is nested deeply, and does not end", "[".repeat(500_000)],
  ["an action that is an object", '{"action":{"toString":"ping"}}'],
  ["an action that is an array", '{"action":["ping"]}'],
  ["an action that is a number", '{"action":5}'],
  ["bytes that are no text", Buffer.from([0, 255, 254, 193])],
  ["bytes that are no text inside JSON", Buffer.from('{"action":"ping","text":"\xff"}', "latin1")],
  ["a megabyte of garbage", "x".repeat(1_000_000)],
  ["a megabyte of bytes", Buffer.alloc(1_000_000, 200)],
];

/** A server that allows the action `ping`, with a list of the rules that were asked. */
async function listening(codec: Codec = dcrf()) {
  const asked: unknown[] = [];
  const ping = permission("ping", ({ payload }) => asked.push(payload) > 0);
  const policy = definePolicy({ actions: { ping, "": ping } });
  const running = await start({ policy, options: { codec, limits: { undecodable: 1000 } } });
  return { ...running, asked, client: await Client.open(running.url) };
}

describe("an invalid message", () => {
  test.each(BAD)("%s is answered, reaches no listener, and the socket stays open", async (_what, bad) => {
    const { client, handled, asked } = await listening();
    client.socket.send(bad);
    client.send({ action: "ping", request_id: 7 });
    expect((await client.replies(1))[0]).toEqual({
      errors: [expect.any(String)],
      data: null,
      action: null,
      response_status: 400,
      request_id: null,
    });
    await until(() => handled.length === 1);
    expect(asked).toEqual([{}]);
    expect(client.received).toHaveLength(1);
  });

  test.each([
    ["dcrf", dcrf(), { response_status: 400 }],
    ["dcrf, multiplexed", dcrf({ multiplex: true }), { stream: null, payload: { response_status: 400 } }],
    ["json", json(), { error: { code: "bad_message" } }],
    ["JSON-RPC", jsonRpc(), { jsonrpc: "2.0", id: null, error: { data: { code: "bad_message" } } }],
  ])("is answered in the words of the codec: %s", async (_name, codec, answer) => {
    const { client, handled, asked } = await listening(codec);
    for (const [, bad] of BAD.slice(0, 13)) client.socket.send(bad);
    const replies = await client.replies(13);
    // JSON-RPC answers a batch with a list.
    for (const reply of replies.flat()) expect(reply).toMatchObject(answer);
    expect([handled, asked]).toEqual([[], []]);
  });

  test("ten invalid messages in ten seconds close with 1008", async () => {
    const { url, handled } = await start();
    const client = await Client.open(url);
    for (let sent = 0; sent < 30; sent += 1) client.send("garbage");
    expect(await client.end()).toEqual({ code: 1008, reason: "too many undecodable messages" });
    expect(client.received).toHaveLength(10);
    expect(handled).toEqual([]);
  });
});

describe("names that mean something to JavaScript", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype", "connect", ""];

  test.each(names)("`%s` is an unknown action", async (action) => {
    const { url, handled } = await start({ policy: definePolicy({ actions: { ping: AllowAny } }) });
    const client = await Client.open(url);
    client.send({ action, request_id: 1 });
    expect(await client.replies(1)).toEqual([
      { errors: [`Method "${action}" not allowed.`], data: null, action, response_status: 405, request_id: 1 },
    ]);
    expect(handled).toEqual([]);
  });

  test("are data in a payload, and change no object", async () => {
    const { client, asked, handled } = await listening();
    const text =
      '{"action":"ping","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"toString":1}';
    client.send(text);
    await until(() => handled.length === 1);
    const [payload] = asked as [Record<string, unknown>];
    expect(Object.keys(payload)).toEqual(["__proto__", "constructor", "toString"]);
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect([payload.isAdmin, ({} as Record<string, unknown>).isAdmin]).toEqual([undefined, undefined]);
  });

  test("`action` and `request_id` do not come from a prototype", async () => {
    const { client, handled } = await listening();
    client.send('{"__proto__":{"action":"ping","request_id":1}}');
    expect(await client.replies(1)).toMatchObject([{ action: null, response_status: 405, request_id: null }]);
    expect(handled).toEqual([]);
  });
});

describe("size and depth", () => {
  test("a megabyte of arguments passes, text or binary", async () => {
    const { client, asked, handled } = await listening();
    const text = JSON.stringify({ action: "ping", text: "x".repeat(1_000_000) });
    client.socket.send(text);
    client.socket.send(Buffer.from(text));
    await until(() => handled.length === 2);
    expect(handled).toEqual([text, text]);
    expect(asked).toHaveLength(2);
  });

  test("arguments that are nested deeply pass", async () => {
    const { client, handled } = await listening();
    const text = `{"action":"ping","deep":${deep("[", "]")},"more":${deep('{"a":', "}")}}`;
    client.send(text);
    await until(() => handled.length === 1);
    expect(handled[0]).toBe(text);
  });

  test.each([
    ["request_id", dcrf(), "action"],
    ["id", json(), "type"],
  ])("an id that is nested too deeply is refused: %s", async (id, codec, action) => {
    const { client, handled } = await listening(codec);
    client.send(`{"${action}":"ping","${id}":${deep("[", "]")}}`);
    await client.replies(1);
    expect(client.received[0]).toContain("nested too deeply");
    expect(handled).toEqual([]);
  });

  test("an oversized frame ends the connection, not the process", async () => {
    const { url, guard } = await start({ server: { maxPayload: 1000 } });
    const client = await Client.open(url);
    client.send("x".repeat(2000));
    expect((await client.end()).code).toBe(1009);
    await until(() => guard.sessions.size === 0);
  });
});

describe("ten thousand messages at once", () => {
  const many = Buffer.concat(Array.from({ length: 10_000 }, (_, n) => frame(`{"action":"ping","n":${n}}`)));

  test("are all forwarded in order with sync rules", async () => {
    const { port, handled } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    tcp.socket.write(many);
    await until(() => handled.length === 10_000);
    expect(handled.map((text) => JSON.parse(text).n)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  test("are held by the parser, except three, with async rules", async () => {
    const policy = definePolicy({ permissions: permission("never", () => new Promise<boolean>(() => {})) });
    let read = 0;
    const { decode, denied } = dcrf();
    const codec = {
      denied,
      decode(frame: Frame) {
        read += 1;
        return decode(frame);
      },
    };
    const { port, handled, guard, session } = await start({ policy, options: { codec } });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    tcp.socket.write(many);
    await until(() => read > 1);
    await sleep(30);
    expect([read <= 3, tcp.isClosed]).toEqual([true, false]);
    session().close(4000);
    await until(() => tcp.isClosed);
    expect([handled, guard.sessions.size, read <= 3]).toEqual([[], 0, true]);
  });
});

describe("misbehaving rules", () => {
  test("one that never settles is refused after its timeout", async () => {
    const { url, handled } = await start({ options: { timeout: { action: 40 } } });
    const client = await Client.open(url);
    client.send({ action: "never", request_id: 1 }, { action: "ping" });
    expect(await client.replies(1)).toMatchObject([{ response_status: 503, request_id: 1 }]);
    await until(() => handled.length === 1);
  });

  test("one that throws or rejects refuses, without leaking its error", async () => {
    const policy = definePolicy({
      actions: {
        throws: permission("throws", () => {
          throw new Error("secret");
        }),
        rejects: permission("rejects", async () => {
          throw new Error("secret");
        }),
      },
    });
    const { url, handled } = await start({ policy, options: { onDecision: () => {} } });
    const client = await Client.open(url);
    client.send({ action: "throws" }, { action: "rejects" });
    const replies = await client.replies(2);
    expect(replies).toMatchObject([{ response_status: 500 }, { response_status: 500 }]);
    expect(client.received.join()).not.toContain("secret");
    expect(handled).toEqual([]);
  });

  test("clients that leave during an async decision are forgotten", async () => {
    const { url, handled, guard } = await start();
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open(url)));
    for (const [index, client] of clients.entries()) {
      client.send({ action: "slow", wait: 20 });
      setTimeout(() => (index % 2 ? client.socket.terminate() : client.socket.close()), index);
    }
    await until(() => guard.sessions.size === 0);
    await sleep(30);
    expect(handled.length).toBeLessThanOrEqual(20);
  });
});
