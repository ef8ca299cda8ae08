import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { A, B, pending } from "../test/pending.js";
import { Client, closeFrame, enter, frame, type Running, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import { dcrf, type Frame, json, serve } from "./index.js";

afterEach(stopAll);

/** True when the close frame of the client was read. */
const hasConcluded = (socket: WebSocket) => (socket as unknown as { _closeFrameReceived: boolean })._closeFrameReceived;

describe("an orderly close", () => {
  test("is emitted after all earlier messages are delivered", async () => {
    const { question, log, guard, wss, tcp } = await pending(Buffer.concat([frame(B), closeFrame(4321)]));
    await sleep(20);
    expect([log, guard.sessions.size, wss.clients.size]).toEqual([[], 1, 1]);
    question.answer(true);
    await until(() => log.length === 3);
    expect(log).toEqual([A, B, [4321, ""]]);
    expect([guard.sessions.size, wss.clients.size]).toEqual([0, 0]);
    await until(() => tcp.isClosed);
  });

  test("waits no longer than the deadline of the decision", async () => {
    const { log, events } = await pending(closeFrame(), { timeout: { action: 40 } });
    await until(() => log.length === 1);
    expect(log).toEqual([[1000, ""]]);
    expect(events.map(({ decision }) => decision.code)).toEqual(["permission_timeout"]);
  });

  test("waits no longer than `limits.drain` for a decision", async () => {
    const { log, question } = await pending(closeFrame(), { limits: { drain: 60 } });
    await until(() => log.length === 1);
    expect(log).toEqual([[1000, ""]]);
    question.answer(true);
    await sleep(10);
    expect(log).toHaveLength(1);
  });

  test("ends guard.close() as soon as all messages are decided", async () => {
    const { guard, tcp, question, socket, log } = await pending(undefined, { limits: { drain: 60_000 } });
    const closed = guard.close();
    tcp.socket.write(closeFrame(4321));
    await until(() => hasConcluded(socket));
    expect(socket.readyState).toBe(1);
    question.answer(true);
    await closed;
    expect(log).toEqual([A, [4321, ""]]);
  });

  test("that the application emits is deferred too", async () => {
    const { socket, question, log, tcp } = await pending();
    expect(socket.emit("close", 4000, Buffer.alloc(0))).toBe(true);
    expect(log).toEqual([]);
    question.answer(true);
    await until(() => log.length === 2);
    expect(log).toEqual([A, [4000, ""]]);
    tcp.socket.destroy();
  });

  test("is completed at once by session.close()", async () => {
    const { session, socket, log, tcp } = await pending(closeFrame(4321));
    await until(() => hasConcluded(socket));
    expect(log).toEqual([]);
    const listeners = socket.listenerCount("close");
    session().close(4000, "out");
    await until(() => log.length === 1);
    expect(log).toEqual([[4321, ""]]);
    expect(tcp.received.toString("latin1")).toContain("out");
    expect(socket.listenerCount("close")).toBe(listeners);
  });

  test("is performed at once for the application's own close()", async () => {
    const { socket, log, tcp } = await pending(closeFrame(4321));
    await until(() => hasConcluded(socket));
    socket.close(4002, "mine");
    await until(() => tcp.isClosed);
    expect(tcp.received.toString("latin1")).toContain("mine");
    expect(log).toEqual([]);
  });

  test("is emitted at once when nothing is pending", async () => {
    const { url, sockets, guard } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    const closed: unknown[] = [];
    sockets[0]?.on("close", (...values) => void closed.push(values));
    client.socket.close(4000, "bye");
    await until(() => closed.length > 0);
    expect(closed).toEqual([[4000, Buffer.from("bye")]]);
    expect(guard.sessions.size).toBe(0);
  });
});

describe("messages right before a close", () => {
  const later = permission("later", async () => {
    await new Promise(setImmediate);
    return true;
  });
  const words = Array.from({ length: 10 }, (_, n) => `{"action":"say","n":${n}}`);

  /** Sends all frames and a close frame in one chunk, and returns the answers. */
  async function saidBack({ port }: Running): Promise<string[]> {
    const tcp = new Tcp(port);
    tcp.knock(Buffer.concat([...words.map((text) => frame(text)), closeFrame()]));
    await until(() => tcp.isClosed);
    return tcp.received.toString("latin1").match(/\{"action":"say","n":\d+\}/g) ?? [];
  }

  test.each([
    ["async rules", later],
    ["sync rules", AllowAny],
  ])("are answered before the close, under %s", async (_what, rule) => {
    const running = await start({
      policy: definePolicy({ permissions: rule }),
      onConnection: (socket) => socket.on("message", (data) => socket.send(data)),
    });
    expect(await saidBack(running)).toEqual(words);
  });

  test("are answered by handlers that await only promises", async () => {
    const consumer = defineConsumer().action("say", AllowAny, async ({ payload }) => {
      await undefined;
      return payload.n;
    });
    const server = createServer();
    const wss = new WebSocketServer({ server });
    serve(wss, consumer, { codec: json() });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const tcp = new Tcp((server.address() as AddressInfo).port);
    tcp.knock(Buffer.concat([...words.map((text) => frame(text.replace("action", "type"))), closeFrame()]));
    await until(() => tcp.isClosed);
    expect(tcp.received.toString("latin1").match(/"data":\d/g)).toEqual(words.map((_, n) => `"data":${n}`));
    wss.close();
    server.close();
  });
});

describe("close() of ws", () => {
  test("leaves later messages under the guard", async () => {
    const running = await start();
    const { handled } = running;
    const { tcp, socket } = await enter(running);
    socket.close(4000);
    for (const action of ["ping", "secret", "slow"]) tcp.socket.write(frame(`{"action":"${action}"}`));
    await until(() => handled.length === 2);
    expect(handled).toEqual(['{"action":"ping"}', '{"action":"slow"}']);
    tcp.socket.write(closeFrame(4000));
    await until(() => tcp.isClosed);
    await until(() => socket.readyState === 3);
    // Nothing is sent after the close frame either: a refusal would wait here forever.
    expect(socket.bufferedAmount).toBe(0);
  });
});

describe("session.close()", () => {
  test("terminates a silent client after a second, even when paused", async () => {
    const running = await start();
    const { socket } = await enter(running);
    socket.pause();
    const startedAt = Date.now();
    running.session().close(4000);
    const closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
    expect(await closed).toBe(1006);
    expect(Date.now() - startedAt).toBeGreaterThan(900);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  test("is answered although the application has paused the socket", async () => {
    const { session, sockets, url } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    session().close(4000);
    const closed = new Promise((resolve) => sockets[0]?.on("close", (code) => resolve(code)));
    expect(await closed).toBe(4000);
    expect((await client.end()).code).toBe(4000);
  });

  test("sends a reason that fits unchanged", async () => {
    const { session, url } = await start();
    const client = await Client.open(url);
    const reason = `\ufeff${"x".repeat(120)}`;
    session().close(4000, reason);
    expect(await client.end()).toEqual({ code: 4000, reason });
  });

  test("leaves no timeout for a client that has answered", async () => {
    const terminated: unknown[] = [];
    class Noting extends WebSocket {
      override terminate() {
        terminated.push(this);
        super.terminate();
      }
    }
    const { url, port, guard, sockets } = await start({ server: { WebSocket: Noting as never } });
    const client = await Client.open(url);
    const listeners = sockets[0]?.listenerCount("close") as number;
    const silent = new Tcp(port);
    silent.knock();
    await silent.opened();
    await until(() => sockets.length === 2);
    for (const session of guard.sessions) session.close(4000);
    expect((await client.end()).code).toBe(4000);
    await until(() => sockets[1]?.readyState === 3);
    expect(terminated).toEqual([sockets[1]]);
    expect(sockets[0]?.listenerCount("close")).toBe(listeners);
  });

  test("decodes no more messages, and reads the client's answer at once", async () => {
    const read: string[] = [];
    const { decode, ...writes } = dcrf();
    const codec = {
      ...writes,
      decode(frame: Frame) {
        read.push(String(frame));
        return decode(frame);
      },
    };
    const { session, socket, tcp } = await pending(undefined, { codec });
    const closed = new Promise((resolve) => socket.on("close", (code) => resolve(code)));
    expect(socket.emit("message", Buffer.from(B), false)).toBe(true);
    session().close(4000);
    expect(socket.emit("message", Buffer.from(B), false)).toBe(false);
    expect(socket.isPaused).toBe(false);
    tcp.socket.write(Buffer.concat([frame(B), closeFrame(4000)]));
    expect(await closed).toBe(4000);
    expect(read).toEqual([A, B]);
  });
});

describe("guard.close()", () => {
  test("resolves once all connections are closed, silent ones too", async () => {
    const running = await start();
    const { guard, sockets, url } = running;
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    await enter(running);
    await guard.close();
    expect(sockets.map(({ readyState }) => readyState)).toEqual([3, 3]);
    expect((await client.end()).code).toBe(1001);
    await guard.close();
  });
});

test("guard.close() does not wait for clients that have left", async () => {
  const { url, guard } = await start({ options: { limits: { drain: 60_000 } } });
  const [client] = [await Client.open(url), await Client.open(url)];
  client.socket.terminate();
  await guard.close();
  expect(guard.sessions.size).toBe(0);
});
