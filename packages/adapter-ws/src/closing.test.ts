import { definePolicy, permission } from "@portcullis/core";
import type { DecisionEvent } from "@portcullis/core/adapter";
import { afterEach, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { Client, closeFrame, frame, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import type { WsGuardOptions } from "./index.js";

afterEach(stopAll);

const A = '{"action":"gated","n":1}';
const B = '{"action":"open","n":2}';

/** A server with one message under decision, and a log of all the application hears. */
async function pending(behind: Uint8Array = Buffer.alloc(0), options: WsGuardOptions = {}) {
  const log: unknown[] = [];
  const events: DecisionEvent[] = [];
  const asked: { signal: AbortSignal; answer: (is: boolean) => void }[] = [];
  const gated = permission("gated", ({ signal }) => new Promise<boolean>((answer) => asked.push({ signal, answer })));
  const running = await start({
    policy: definePolicy({ actions: { gated, open: permission("open", () => true) } }),
    options: { onDecision: (event) => void (event.moment === "action" ? events.push(event) : 0), ...options },
    onConnection: (socket) => {
      socket.on("message", (data) => void log.push(String(data)));
      socket.on("close", (code, reason) => void log.push([code, String(reason)]));
      socket.on("error", (error) => void log.push(error.message));
    },
  });
  const tcp = new Tcp(running.port);
  tcp.knock();
  await tcp.opened();
  tcp.socket.write(Buffer.concat([frame(A), behind]));
  await until(() => asked.length === 1);
  const [socket] = running.sockets as [WebSocket];
  const [question] = asked as [(typeof asked)[0]];
  return { ...running, tcp, log, events, asked, question, socket };
}

describe("an orderly close", () => {
  test("is told after all that came before it is decided and delivered", async () => {
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

  test("waits no longer than the limit for draining, however many decisions are due", async () => {
    const behind = Buffer.concat([frame(A), frame(A), frame(A), closeFrame()]);
    const { log, question } = await pending(behind, { limits: { drain: 60 } });
    await until(() => log.length === 1);
    expect(log).toEqual([[1000, ""]]);
    question.answer(true);
    await sleep(10);
    expect(log).toHaveLength(1);
  });

  test("closed once more while its end waits for a decision: nothing is left waiting for an answer", async () => {
    const { session, socket, log, tcp } = await pending(closeFrame(4321));
    await until(() => tcp.isClosed);
    await sleep(20);
    expect(log).toEqual([]);
    const listeners = socket.listenerCount("close");
    session().close(4000, "out");
    expect(log).toEqual([[4321, ""]]);
    expect(socket.listenerCount("close")).toBe(listeners);
  });

  test("is told at once where nothing is pending", async () => {
    const { url, sockets, guard } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    const closed = new Promise((resolve) => sockets[0]?.on("close", (...values) => resolve(values)));
    client.socket.close(4000, "bye");
    expect(await closed).toEqual([4000, Buffer.from("bye")]);
    expect(guard.sessions.size).toBe(0);
  });
});

describe("nothing reaches a handler", () => {
  type Pending = Awaited<ReturnType<typeof pending>>;
  const ways: [string, (given: Pending) => void][] = [
    ["terminate()", ({ socket }) => socket.terminate()],
    ["a reset by the client", ({ tcp }) => tcp.socket.resetAndDestroy()],
    ["an end of the stream without a close frame", ({ tcp }) => tcp.socket.end()],
    ["session.close()", ({ session }) => session().close(4000, "out")],
    ["consumer.close()", ({ session }) => session().consumer.close()],
    ["the end of the server's connections", ({ socket }) => tcpOf(socket).destroy()],
    ["an error of the socket", ({ socket }) => tcpOf(socket).destroy(new Error("broken"))],
    ["a frame against the protocol", ({ tcp }) => tcp.socket.write(frame("x", 3))],
  ];
  test.each(ways)("after %s: the rule is told, and no answer is sent", async (_how, end) => {
    const given = await pending();
    const { question, log, events, guard, tcp } = given;
    end(given);
    await until(() => question.signal.aborted);
    question.answer(true);
    await sleep(20);
    expect(log.filter((entry) => typeof entry === "string" && entry.startsWith("{"))).toEqual([]);
    expect(events.map(({ decision }) => decision.code)).toEqual(["aborted"]);
    expect(guard.sessions.size).toBe(0);
    expect(tcp.received.includes("errors")).toBe(false);
  });

  test("of what is still in the buffer when a connection breaks", async () => {
    const { port, sockets, handled } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 1);
    const [socket] = sockets as [WebSocket];
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.pause();
    tcp.socket.write(Buffer.concat([frame('{"action":"ping"}'), frame('{"action":"ping"}')]));
    await until(() => tcpOf(socket).readableLength > 0);
    tcpOf(socket).destroy();
    expect(await closed).toBe(1006);
    expect(handled).toEqual([]);
  });

  test("of the chunk in which a handler ends the connection", async () => {
    const log: string[] = [];
    const { port } = await start({
      onConnection: (socket) => {
        socket.on("message", (data) => {
          log.push(String(data));
          socket.terminate();
        });
      },
    });
    const tcp = new Tcp(port);
    tcp.knock(Buffer.concat([frame('{"action":"ping"}'), frame('{"action":"ping"}'), frame('{"action":"slow"}')]));
    await until(() => tcp.isClosed);
    await sleep(20);
    expect(log).toHaveLength(1);
  });
});

/** The TCP connection below a socket of ws. */
function tcpOf(socket: WebSocket) {
  return (socket as unknown as { _socket: import("node:net").Socket })._socket;
}

describe("close() of ws", () => {
  test("leaves later messages as they are without a guard, but never unguarded", async () => {
    const { port, sockets, handled } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 1);
    sockets[0]?.close(4000);
    for (const action of ["ping", "secret", "slow"]) tcp.socket.write(frame(`{"action":"${action}"}`));
    await until(() => handled.length === 2);
    expect(handled).toEqual(['{"action":"ping"}', '{"action":"slow"}']);
    tcp.socket.write(closeFrame(4000));
    await until(() => tcp.isClosed);
  });
});

describe("session.close()", () => {
  test("ends a client that does not answer, after a second, also where the application has paused it", async () => {
    const { session, sockets, port } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    const startedAt = Date.now();
    session().close(4000);
    const closed = new Promise((resolve) => sockets[0]?.on("close", (code) => resolve(code)));
    expect(await closed).toBe(1006);
    expect(Date.now() - startedAt).toBeGreaterThan(900);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  test("is answered by a client although the application has paused it", async () => {
    const { session, sockets, url } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    sockets[0]?.pause();
    const startedAt = Date.now();
    session().close(4000);
    const closed = new Promise((resolve) => sockets[0]?.on("close", (code) => resolve(code)));
    expect(await closed).toBe(4000);
    expect(Date.now() - startedAt).toBeLessThan(900);
    expect((await client.end()).code).toBe(4000);
  });
});

describe("guard.close()", () => {
  test("is over once the connections are closed, also those of clients that do not answer", async () => {
    const { guard, sockets, port, url } = await start();
    const client = await Client.open(url);
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    await until(() => sockets.length === 2);
    await guard.close();
    expect(sockets.map(({ readyState }) => readyState)).toEqual([3, 3]);
    expect((await client.end()).code).toBe(1001);
    await guard.close();
  });
});

test("guard.close() waits for nobody who has gone, however long it would wait", async () => {
  const { url, guard } = await start({ options: { limits: { drain: 60_000 } } });
  const [client] = [await Client.open(url), await Client.open(url)];
  client.socket.terminate();
  await guard.close();
  expect(guard.sessions.size).toBe(0);
});

describe("a frame against the protocol", () => {
  test("kills no process where the application does not listen for errors", async () => {
    const { port, guard, handled } = await start();
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    tcp.socket.write(Buffer.concat([frame('{"action":"ping"}'), frame(Buffer.from([0xff]), 1)]));
    await until(() => tcp.isClosed);
    expect(handled).toEqual(['{"action":"ping"}']);
    tcp.socket.destroy();
    await until(() => guard.sessions.size === 0);
  });

  test("is told to an application that listens", async () => {
    const { tcp, log } = await pending(frame("x", 3));
    await until(() => log.length > 0);
    expect(log[0]).toContain("invalid opcode");
    tcp.socket.destroy();
  });

  test("an error that the application emits itself ends nothing", async () => {
    const { socket, log, question } = await pending();
    socket.emit("error", new Error("mine"));
    question.answer(true);
    await until(() => log.length === 2);
    expect(log).toEqual(["mine", A]);
  });
});
