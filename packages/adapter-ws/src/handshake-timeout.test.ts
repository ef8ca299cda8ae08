import { request } from "node:http";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Client, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import type { WsGuardOptions } from "./index.js";

afterEach(stopAll);

const options: WsGuardOptions = { limits: { handshake: 100 } };

/** A server, with the connections it has accepted in order. */
async function accepting(setup: Parameters<typeof start>[0] = {}) {
  const accepted: Socket[] = [];
  const running = await start({ options, ...setup });
  running.http?.on("connection", (socket: Socket) => void accepted.push(socket));
  return { ...running, accepted };
}

describe("the limit of the handshake", () => {
  test("forgets a client that has left", async () => {
    const { port, accepted } = await accepting();
    const gone = new Tcp(port);
    await until(() => accepted.length === 1);
    const [socket] = accepted as [Socket];
    gone.socket.destroy();
    await until(() => socket.closed);
    const destroy = vi.spyOn(socket, "destroy");
    // A later client that stays: once its timeout has fired, that of the first would have fired too.
    const silent = new Tcp(port);
    await until(() => silent.isClosed);
    expect(destroy).not.toHaveBeenCalled();
  });

  test("leaves no listeners on other or open connections", async () => {
    const counts = [];
    for (const isBare of [true, false]) {
      const seen: number[] = [];
      const { port, url, accepted, sockets } = await accepting({
        isBare,
        onRequest: ({ socket }, response) => {
          // After the other request listeners have run.
          setImmediate(() => {
            seen.push(socket.listenerCount("close"), socket.listenerCount("end"));
            response.end();
          });
        },
      });
      await new Promise((resolve) => request({ port, host: "127.0.0.1" }, resolve).end());
      await Client.open(url);
      await until(() => sockets.length === 1);
      const open = accepted.at(-1) as Socket;
      counts.push([...seen, open.listenerCount("close"), open.listenerCount("end")]);
    }
    expect(counts[1]).toEqual(counts[0]);
  });

  test.each([
    ["checkExpectation", "POST / HTTP/1.1\r\nhost: a\r\nexpect: more\r\ncontent-length: 1\r\n\r\n"],
    ["checkContinue", "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n"],
    ["connect", "CONNECT a.example:1 HTTP/1.1\r\nhost: a.example:1\r\n\r\n"],
  ])("ignores requests that the server receives as `%s`", async (event, sent) => {
    const { port, http } = await accepting();
    let reached: Socket | undefined;
    http?.prependListener(event, ({ socket }: { socket: Socket }) => {
      reached = socket;
    });
    const tcp = new Tcp(port);
    tcp.socket.write(sent);
    await until(() => reached !== undefined);
    // A later client that stays: once its timeout has fired, that of the first would have fired too.
    const silent = new Tcp(port);
    await until(() => silent.isClosed);
    expect(tcp.isClosed).toBe(false);
    reached?.destroy();
  });

  test("does not replace answers that Node sends itself", async () => {
    const { port, http } = await accepting({ onRequest: (_request, response) => response.end("taken") });
    for (const [expects, answer] of [
      ["100-continue", "HTTP/1.1 100 Continue"],
      ["more", "HTTP/1.1 417 Expectation Failed"],
    ]) {
      const tcp = new Tcp(port);
      tcp.socket.write(`POST / HTTP/1.1\r\nhost: a\r\nexpect: ${expects}\r\ncontent-length: 1\r\n\r\n`);
      await until(() => tcp.received.length > 0 || tcp.isClosed);
      expect(tcp.received.toString()).toContain(answer);
      tcp.socket.destroy();
    }
    for (const event of ["checkContinue", "checkExpectation", "connect"]) expect(http?.listenerCount(event)).toBe(0);
  });

  test("adds one listener, however many clients connect", async () => {
    const { port, http, accepted } = await accepting();
    http?.on("checkContinue", () => {});
    const clients = [1, 2, 3].map(() => new Tcp(port));
    await until(() => accepted.length === 3);
    expect(http?.listenerCount("checkContinue")).toBe(2);
    for (const { socket } of clients) socket.destroy();
  });
});

test("an async decision leaves no more listeners than a sync one", async () => {
  const counts = [];
  for (const wait of [0, 5]) {
    const { url, accepted, sockets } = await accepting({
      options: { authenticate: () => (wait === 0 ? {} : sleep(wait).then(() => ({}))) },
    });
    await Client.open(url);
    await until(() => sockets.length === 1);
    const [socket] = accepted as [Socket];
    counts.push([socket.listenerCount("end"), socket.listenerCount("close")]);
  }
  expect(counts[1]).toEqual(counts[0]);
});
