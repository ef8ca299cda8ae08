import type { Socket } from "node:net";
import { DenyAll, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import type { RawData, WebSocket } from "ws";
import { Client, frame, gatedRule, simplePolicy, start, stopAll, Tcp, uncaughtOf, until } from "../test/support.js";

afterEach(stopAll);

const PING = '{"action":"ping"}';

/** Only bytes are allowed. */
const readKind = (given: string | Uint8Array) => ({ action: typeof given === "string" ? "text" : "ping" });

/** A server that records the arguments of its `message` listener. */
async function noting(setup: Parameters<typeof start>[0] = {}, binaryType?: string) {
  const calls: unknown[][] = [];
  const running = await start({
    ...setup,
    onConnection: (socket) => {
      if (binaryType) socket.binaryType = binaryType as "nodebuffer";
      socket.on("message", (...values: unknown[]) => void calls.push(values));
    },
  });
  return { ...running, calls };
}

describe("the value for a listener", () => {
  test("is bytes when the application emits bytes again without the flag", async () => {
    const { url, sockets, calls } = await noting({ options: { codec: { decode: readKind, denied: () => undefined } } });
    await Client.open(url);
    await until(() => sockets.length === 1);
    const [socket] = sockets as WebSocket[];
    socket?.emit("message", Buffer.from("x"));
    socket?.emit("message", Buffer.from("x"), false);
    socket?.emit("message", "x");
    await until(() => calls.length === 1);
    expect(calls).toEqual([[Buffer.from("x"), true]]);
  });

  test("is what ws emitted: the same object and flag", async () => {
    const { url, sockets, calls } = await noting();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    const emitted: unknown[][] = [];
    const socket = sockets[0] as unknown as { _receiver: NodeJS.EventEmitter };
    socket._receiver.prependListener("message", (...values) => void emitted.push(values));
    client.socket.send(PING);
    client.socket.send(Buffer.from(PING));
    await until(() => calls.length === 2);
    expect(calls.map(([, isBinary]) => isBinary)).toEqual([false, true]);
    for (const [index, [data, , ...more]] of calls.entries()) {
      expect(data).toBe(emitted[index]?.[0]);
      expect(more).toEqual([]);
    }
  });

  test.each([
    ["nodebuffer", (data: unknown) => Buffer.isBuffer(data)],
    ["arraybuffer", (data: unknown) => data instanceof ArrayBuffer],
    ["fragments", (data: unknown) => Array.isArray(data) && data.every(Buffer.isBuffer)],
    ["blob", (data: unknown) => data instanceof Blob],
  ])("is as its binaryType asks: %s", async (binaryType, isFitting) => {
    const { url, calls, sockets } = await noting({}, binaryType);
    const client = await Client.open(url);
    client.socket.send(Buffer.from('{"action":"secret"}'));
    client.socket.send(Buffer.from(PING));
    client.socket.send(PING);
    await until(() => calls.length === 2);
    expect(sockets[0]?.binaryType).toBe(binaryType);
    expect(calls[0]?.[0]).toSatisfy(isFitting);
    const parts = Array.isArray(calls[0]?.[0]) ? calls[0][0] : [calls[0]?.[0]];
    expect(await new Blob(parts as Buffer[]).text()).toBe(PING);
    expect(calls[1]?.[0]).toSatisfy(Buffer.isBuffer);
    expect(await client.replies(1)).toMatchObject([{ response_status: 403 }]);
  });

  test("changes back from blobs to buffers", async () => {
    const { url, calls, sockets } = await noting({}, "blob");
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    if (sockets[0]) sockets[0].binaryType = "nodebuffer";
    expect(sockets[0]?.binaryType).toBe("nodebuffer");
    client.socket.send(Buffer.from(PING));
    await until(() => calls.length === 1);
    expect(calls[0]?.[0]).toSatisfy(Buffer.isBuffer);
  });
});

describe("order", () => {
  test("a sync decision is made within the same tick", async () => {
    const { url, sockets, handled } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    sockets[0]?.emit("message", Buffer.from('{"action":"secret"}'), false);
    sockets[0]?.emit("message", Buffer.from(PING), false);
    expect(handled).toEqual([PING]);
    await client.replies(1);
  });

  test("is that of arrival, however long each decision takes", async () => {
    const { rule, asked } = gatedRule();
    const policy = definePolicy({ actions: { gated: rule, ping: gatedRule().rule } });
    const { url, handled, guard } = await start({ policy: simplePolicy() });
    guard.replace(policy);
    const client = await Client.open(url);
    client.send({ action: "gated", n: 1 }, { action: "nope" }, { action: "gated", n: 2 });
    await until(() => asked.length === 1);
    expect(client.received).toEqual([]);
    asked[0]?.resolve(true);
    await until(() => asked.length === 2);
    expect(await client.replies(1)).toMatchObject([{ action: "nope" }]);
    expect(handled).toEqual(['{"action":"gated","n":1}']);
    asked[1]?.resolve(true);
    await until(() => handled.length === 2);
  });

  test("holds for a sync decision after an async one", async () => {
    const { port, handled } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    const messages = Array.from({ length: 60 }, (_, n) => `{"action":"${n % 3 ? "ping" : "slow"}","wait":1,"n":${n}}`);
    tcp.socket.write(Buffer.concat(messages.map((message) => frame(message))));
    await until(() => handled.length === 60);
    expect(handled).toEqual(messages);
  });

  test("holds for fragments and compression", async () => {
    const { url, handled } = await start({ server: { perMessageDeflate: { threshold: 0 } } });
    const client = await Client.open(url, { perMessageDeflate: { threshold: 0 } });
    expect(client.socket.extensions).toBe("permessage-deflate");
    const long = { action: "slow", wait: 1, text: "x".repeat(50_000) };
    for (let n = 0; n < 20; n += 1) client.send(n % 2 ? { ...long, n } : { action: "ping", n });
    client.socket.send('{"action":"ping",', { fin: false });
    client.socket.send('"n":20}');
    await until(() => handled.length === 21);
    expect(handled.map((text) => JSON.parse(text).n)).toEqual(Array.from({ length: 21 }, (_, n) => n));
  });
});

/** True when the guard has paused a socket. Its `isPaused` covers only pauses of the application. */
const isHeld = (socket: WebSocket | undefined) =>
  (socket as { _socket?: Socket } | undefined)?._socket?.isPaused() === true && !socket?.isPaused;

describe("the transport", () => {
  test("is paused while a decision is pending", async () => {
    const { rule, asked } = gatedRule();
    const policy = definePolicy({ permissions: rule });
    const { port, sockets, handled } = await start({ policy });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    tcp.socket.write(frame(PING));
    await until(() => asked.length === 1);
    const large = frame(`{"action":"ping","text":"${"x".repeat(400_000)}"}`);
    for (let sent = 0; sent < 20; sent += 1) tcp.socket.write(large);
    await until(() => isHeld(sockets[0]) === true);
    expect(tcp.socket.writableLength).toBeGreaterThan(0);
    for (let answered = 0; answered < 21; answered += 1) {
      await until(() => asked.length > answered);
      asked[answered]?.resolve(true);
    }
    await until(() => handled.length === 21);
    expect(tcp.isClosed).toBe(false);
  });

  test("answers a ping while a single decision is pending", async () => {
    const { rule, asked } = gatedRule();
    const { url } = await start({ policy: definePolicy({ permissions: rule }) });
    const client = await Client.open(url);
    client.send({ action: "a" });
    await until(() => asked.length === 1);
    const pong = new Promise((resolve) => client.socket.once("pong", resolve));
    client.socket.ping();
    await pong;
  });

  test("is paused when a client does not read its answers", async () => {
    const { port, sockets } = await start({ options: { limits: { unread: 20_000 } } });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    tcp.socket.pause();
    const refused = frame(`{"action":"secret","request_id":"${"x".repeat(15_000)}"}`);
    let most = 0;
    for (let sent = 0; sent < 3000 && !isHeld(sockets[0]); sent += 1) {
      tcp.socket.write(refused);
      await new Promise(setImmediate);
      most = Math.max(most, sockets[0]?.bufferedAmount ?? 0);
    }
    expect(isHeld(sockets[0])).toBe(true);
    expect(most).toBeLessThan(500_000);
    tcp.socket.resume();
    await until(() => isHeld(sockets[0]) === false);
  });

  test("counts answers of the guard, not data of the application", async () => {
    const { url, sockets } = await start({ options: { limits: { unread: 1000 } } });
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    const [socket] = sockets as [WebSocket];
    const tcp = (socket as unknown as { _socket: Socket })._socket;
    tcp.cork();
    for (let sent = 0; sent < 50; sent += 1) socket.send("x".repeat(1000));
    const ask = () => socket.emit("message", Buffer.from('{"action":"secret"}'), false);
    ask();
    expect(isHeld(socket)).toBe(false);
    for (let asked = 1; asked < 10; asked += 1) ask();
    expect(isHeld(socket)).toBe(true);
    tcp.uncork();
    await until(() => client.received.length === 60);
    await until(() => !isHeld(socket));
  });

  test("continues with compressed answers and a small unread limit", async () => {
    const options = { perMessageDeflate: { threshold: 0 } };
    const { url, sockets } = await start({ server: options, options: { limits: { unread: 1 } } });
    const client = await Client.open(url, options);
    for (let sent = 0; sent < 50; sent += 1) client.send({ action: "secret" });
    await until(() => client.received.length === 50);
    await until(() => isHeld(sockets[0]) === false);
  });

  test("drops waiting messages once the connection has broken", async () => {
    const { port, sockets, handled, guard } = await start({ options: { limits: { unread: 1 } } });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 1);
    const [socket] = sockets as [WebSocket];
    const connection = (socket as unknown as { _socket: Socket })._socket;
    connection.cork();
    socket.emit("message", Buffer.from('{"action":"secret"}'), false);
    socket.emit("message", Buffer.from(PING), false);
    connection.destroy(new Error("broken"));
    await until(() => guard.sessions.size === 0);
    await until(() => socket.readyState === socket.CLOSED);
    expect(handled).toEqual([]);
  });

  test("forwards waiting messages after an orderly close", async () => {
    const { port, sockets, handled, guard } = await start({ options: { limits: { unread: 1 } } });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 1);
    const [socket] = sockets as [WebSocket];
    const connection = (socket as unknown as { _socket: Socket })._socket;
    connection.cork();
    socket.emit("message", Buffer.from('{"action":"secret"}'), false);
    socket.emit("message", Buffer.from(PING), false);
    expect(handled).toEqual([]);
    socket.emit("close", 1000, Buffer.alloc(0));
    expect(handled).toEqual([PING]);
    expect(guard.sessions.size).toBe(0);
    connection.destroy();
  });

  test("resumes once messages are decided and answers are read", async () => {
    const { rule, asked } = gatedRule();
    const policy = definePolicy({ actions: { gated: rule, secret: DenyAll } });
    const { url, sockets } = await start({ policy, options: { limits: { unread: 100 } } });
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    const [socket] = sockets as [WebSocket];
    const tcp = (socket as unknown as { _socket: Socket })._socket;
    tcp.cork();
    socket.send("x".repeat(1000));
    for (const action of ["gated", "secret"]) socket.emit("message", Buffer.from(JSON.stringify({ action })), false);
    expect(isHeld(socket)).toBe(true);
    const held = socket.bufferedAmount;
    asked[0]?.resolve(true);
    await until(() => socket.bufferedAmount > held);
    expect(isHeld(socket)).toBe(true);
    tcp.uncork();
    await until(() => !isHeld(socket));
    await until(() => client.received.length === 2);
  });
});

describe("an error of a listener is uncaught", () => {
  test("and the connection stays guarded", () =>
    uncaughtOf(async (thrown) => {
      const seen: string[] = [];
      const { url } = await start({
        onConnection: (socket) => {
          socket.on("message", (data: RawData) => {
            seen.push(String(data));
            throw new Error("handler");
          });
        },
      });
      const client = await Client.open(url);
      client.send({ action: "slow" }, { action: "slow" });
      await until(() => thrown.length === 2);
      client.send({ action: "secret" });
      expect(await client.replies(1)).toMatchObject([{ response_status: 403 }]);
      expect(seen).toHaveLength(2);
    }));

  test("also in a deferred close event", () =>
    uncaughtOf(async (thrown) => {
      const { url, guard } = await start({
        onConnection: (socket) => {
          socket.on("message", () => {});
          socket.on("close", () => {
            throw new Error("close");
          });
        },
      });
      const client = await Client.open(url);
      client.send({ action: "slow" });
      client.socket.close();
      await until(() => thrown.length === 1);
      expect(guard.sessions.size).toBe(0);
    }));
});
