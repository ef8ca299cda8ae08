import { AllowAny } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, describe, expect, test } from "vitest";
import type { WebSocket, WebSocketServer } from "ws";
import { A, pending, tcpOf } from "../test/pending.js";
import { Client, enter, frame, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import { serve } from "./index.js";

afterEach(stopAll);

describe("a broken connection", () => {
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
  test.each(ways)("after %s aborts the rule and is not answered", async (_how, end) => {
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

  test.each<[string, (tcp: Tcp["socket"]) => void]>([
    ["resets", (tcp) => tcp.resetAndDestroy()],
    ["ends", (tcp) => tcp.destroy()],
  ])("that a client %s drops messages behind unread answers", async (_how, end) => {
    let begun = 0;
    const consumer = defineConsumer().action("big", AllowAny, () => {
      begun += 1;
      return "b".repeat(300_000);
    });
    const before = (wss: WebSocketServer) => void serve(wss, consumer, { limits: { unread: 1 << 18 } });
    const running = await start({ isBare: true, before, onConnection: () => {} });
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    tcp.socket.pause();
    tcp.socket.write(Buffer.concat(Array.from({ length: 50 }, () => frame('{"action":"big"}'))));
    await until(() => begun > 0 && socket.bufferedAmount > 1 << 18);
    await sleep(50);
    const whileThere = begun;
    end(tcp.socket);
    await closed;
    await sleep(20);
    expect(whileThere).toBeLessThan(50);
    expect(begun).toBe(whileThere);
  });

  test("drops what is still in the buffer when a connection breaks", async () => {
    const running = await start();
    const { handled } = running;
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.pause();
    tcp.socket.write(Buffer.concat([frame('{"action":"ping"}'), frame('{"action":"ping"}')]));
    await until(() => tcpOf(socket).readableLength > 0);
    const emitted: unknown[] = [];
    const { emit } = socket;
    socket.emit = (event: string, ...values: unknown[]) => {
      const isHeard = emit.call(socket, event, ...values);
      emitted.push([event, isHeard]);
      return isHeard;
    };
    tcpOf(socket).destroy();
    expect(await closed).toBe(1006);
    expect(handled).toEqual([]);
    expect(emitted[0]).toEqual(["message", false]);
  });

  test("that breaks after its last byte drops deferred messages", async () => {
    const running = await start();
    const { handled } = running;
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    let before = 0;
    tcpOf(socket).on("end", () => {
      before = handled.length;
      tcpOf(socket).destroy(new Error("broken"));
    });
    tcp.socket.end(Buffer.concat(Array.from({ length: 500 }, () => frame('{"action":"ping"}'))));
    await closed;
    expect(handled).toHaveLength(before);
  });

  test("that the client ends after its last byte loses no message", async () => {
    const running = await start();
    const { handled } = running;
    const { tcp, socket } = await enter(running);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    tcp.socket.end(Buffer.concat(Array.from({ length: 500 }, () => frame('{"action":"ping"}'))));
    await closed;
    expect(handled).toHaveLength(500);
  });

  test("drops messages once its error is emitted", async () => {
    const { tcp, socket, question, log, session, events } = await pending();
    let wasEnded: boolean | undefined;
    socket.on("error", () => {
      wasEnded = session().isEnded;
      question.answer(true);
    });
    tcp.socket.write(frame("x", 3));
    await until(() => events.length === 1 && socket.readyState === 3);
    expect(wasEnded).toBe(true);
    expect(log).toEqual([expect.stringContaining("invalid opcode"), [1006, ""]]);
    expect(events[0]?.decision.code).toBe("aborted");
    tcp.socket.destroy();
  });

  test.each<[string, (socket: WebSocket) => void]>([
    ["ends the connection", (socket) => socket.terminate()],
    ["breaks what lies below it", (socket) => tcpOf(socket).destroy()],
  ])("of the chunk in which a handler %s", async (_what, end) => {
    const log: string[] = [];
    const { port, wss } = await start({
      onConnection: (socket) => {
        socket.on("message", (data) => {
          log.push(String(data));
          end(socket);
        });
      },
    });
    const tcp = new Tcp(port);
    tcp.knock(Buffer.concat([frame('{"action":"ping"}'), frame('{"action":"ping"}'), frame('{"action":"slow"}')]));
    await until(() => tcp.isClosed);
    await until(() => log.length > 0 && wss.clients.size === 0);
    expect(log).toHaveLength(1);
  });
});

describe("a frame against the protocol", () => {
  test("ends no process when the application has no error listener", async () => {
    const running = await start();
    const { guard, handled } = running;
    const { tcp } = await enter(running);
    tcp.socket.write(Buffer.concat([frame('{"action":"ping"}'), frame(Buffer.from([0xff]), 1)]));
    await until(() => tcp.isClosed);
    expect(handled).toEqual(['{"action":"ping"}']);
    tcp.socket.destroy();
    await until(() => guard.sessions.size === 0);
  });

  test("is emitted to an error listener", async () => {
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

  test("an error that the application emits without a listener is swallowed", async () => {
    const { url, sockets, handled } = await start();
    const client = await Client.open(url);
    await until(() => sockets.length === 1);
    expect(sockets[0]?.emit("error", new Error("mine"))).toBe(false);
    client.send({ action: "ping" });
    await until(() => handled.length === 1);
  });
});
