import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { clientOf, engineOf, StubConnection } from "../../test/stub-connection.js";
import { CLOSE_TIMEOUT_MS } from "./handshake-timeout.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class StubSocket extends EventEmitter {
  terminated = 0;
  terminate(): void {
    this.terminated += 1;
  }
}

/** A client in one namespace, whose session is closed in an orderly way. */
function closing(socket?: object) {
  const connection = new StubConnection();
  if (socket) connection.transport.socket = socket;
  const engine = engineOf(connection);
  const { client } = clientOf(connection);
  engine.trackClient(client, () => true);
  client.nsps.set("/", {});
  engine.timeout.stop();
  engine.orderlyClose.close({} as never, false);
  return connection;
}

describe("an orderly close of a WebSocket", () => {
  test("terminates the socket when its close frame does not come", () => {
    const socket = new StubSocket();
    const connection = closing(socket);
    connection.readyState = "closed";
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect([connection.closes, socket.terminated]).toEqual([[undefined], 1]);
  });

  test("ends with the close of the socket", () => {
    const socket = new StubSocket();
    const connection = closing(socket);
    connection.readyState = "closed";
    socket.emit("close");
    vi.advanceTimersByTime(60_000);
    expect([connection.closes, socket.terminated]).toEqual([[undefined], 0]);
  });

  test("gives a connection that is still closing the time of a handshake", () => {
    const socket = new StubSocket();
    const connection = closing(socket);
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect([connection.closes, socket.terminated]).toEqual([[undefined], 0]);
    vi.advanceTimersByTime(60_000);
    expect([connection.closes, socket.terminated]).toEqual([[undefined, true], 1]);
  });

  test("accepts a socket that cannot be terminated", () => {
    const connection = closing(new EventEmitter());
    connection.readyState = "closed";
    expect(() => vi.advanceTimersByTime(CLOSE_TIMEOUT_MS)).not.toThrow();
  });
});

test("an orderly close of a polling client ends with its connection", () => {
  const connection = closing();
  connection.readyState = "closed";
  connection.emit("close");
  vi.advanceTimersByTime(60_000);
  expect(connection.closes).toEqual([undefined]);
});

test("an orderly close of a polling client that stays away is safe", () => {
  const connection = closing();
  connection.readyState = "closed";
  expect(() => vi.advanceTimersByTime(CLOSE_TIMEOUT_MS)).not.toThrow();
  expect(connection.closes).toEqual([undefined]);
});

describe("an orderly close for a guard that is closing", () => {
  /** A client with one socket for each guard; `undefined` for a socket without one. */
  function entered(...gates: ({ isClosing: boolean } | undefined)[]) {
    const connection = new StubConnection();
    const engine = engineOf(connection);
    const { client } = clientOf(connection);
    engine.trackClient(client, () => true);
    const sockets = gates.map((gate, n) => {
      const socket = {} as never;
      client.nsps.set(`/${n}`, socket);
      if (gate) engine.orderlyClose.enter(socket, gate);
      return socket;
    }) as [never, never];
    return { connection, engine, client, sockets };
  }
  const [CLOSING, OPEN] = [{ isClosing: true }, { isClosing: false }];

  test.each([
    ["without a guard", undefined],
    ["of an open guard", OPEN],
  ])("leaves the connection to a socket %s", (_which, gate) => {
    const { connection, engine, sockets } = entered(CLOSING, gate);
    expect(engine.orderlyClose.close(sockets[0], true)).toBe(false);
    engine.orderlyClose.whenGone(() => {});
    expect(connection.closes).toEqual([]);
  });

  test("leaves the connection to a handshake of an open guard", () => {
    const { connection, engine, sockets } = entered(CLOSING);
    engine.membership.add("/other");
    engine.membership.track("/other", { abort() {}, gate: OPEN });
    expect(engine.orderlyClose.close(sockets[0], true)).toBe(false);
    expect(connection.closes).toEqual([]);
  });

  test("closes at once for the only socket", () => {
    const { connection, engine, sockets } = entered(CLOSING);
    expect(engine.orderlyClose.close(sockets[0], true)).toBe(true);
    expect(connection.closes).toEqual([undefined]);
  });

  test("does not wait for the guard of the closing socket itself", () => {
    const { connection, engine, sockets } = entered(undefined);
    expect(engine.orderlyClose.close(sockets[0], true)).toBe(true);
    expect(connection.closes).toEqual([undefined]);
  });

  test("waits for the sessions of the other sockets", () => {
    const { connection, engine, sockets } = entered(CLOSING, CLOSING);
    expect(engine.orderlyClose.close(sockets[0], true)).toBe(true);
    engine.orderlyClose.whenGone(() => {});
    expect(connection.closes).toEqual([]);
    expect(engine.orderlyClose.close(sockets[1], true)).toBe(true);
    expect(connection.closes).toEqual([undefined]);
  });

  test("follows the last other socket that leaves", () => {
    const { connection, engine, client, sockets } = entered(CLOSING, CLOSING);
    engine.orderlyClose.close(sockets[0], true);
    client.nsps.delete("/1");
    engine.orderlyClose.whenGone(() => {});
    expect(connection.closes).toEqual([undefined]);
  });

  test("does not wait where the guard is not closing", () => {
    const { connection, engine, sockets } = entered(OPEN, OPEN);
    expect(engine.orderlyClose.close(sockets[0], false)).toBe(true);
    expect(connection.closes).toEqual([undefined]);
  });
});

test("a connection that is closing is not closed again", () => {
  const connection = new StubConnection();
  connection.readyState = "closing";
  engineOf(connection).orderlyClose.close({} as never, false);
  expect(connection.closes).toEqual([]);
});

describe("a client counts as gone", () => {
  /** A client, and how often it was told to be gone. */
  function waiting(isInside: boolean, unread: unknown[]) {
    const connection = new StubConnection();
    const engine = engineOf(connection);
    const { client } = clientOf(connection);
    engine.trackClient(client, () => true);
    if (isInside) client.nsps.set("/", {});
    connection.writeBuffer = unread;
    const told = { count: 0 };
    const wait = () => engine.orderlyClose.whenGone(() => void told.count++);
    return { connection, told, wait };
  }

  test("at once where it stays inside and has read all", () => {
    const { connection, told, wait } = waiting(true, []);
    wait();
    expect([told.count, connection.closes]).toEqual([1, []]);
    connection.emit("drain");
    expect(told.count).toBe(1);
  });

  test("at once where its connection is closed", () => {
    const { connection, told, wait } = waiting(false, [{}]);
    connection.readyState = "closed";
    wait();
    expect(told.count).toBe(1);
  });

  test.each([
    ["inside with unread answers", true, [{}]],
    ["outside", false, []],
  ])("at the end of its connection where it is %s", (_where, isInside, unread) => {
    const { connection, told, wait } = waiting(isInside, unread);
    wait();
    connection.emit("drain");
    expect([told.count, connection.closes]).toEqual([0, []]);
    connection.close(true);
    expect(told.count).toBe(1);
  });

  test("not while its connection is closing", () => {
    const { connection, told, wait } = waiting(true, []);
    connection.readyState = "closing";
    wait();
    expect(told.count).toBe(0);
  });

  test("when it has read all, with one listener for many", () => {
    const { connection, told, wait } = waiting(true, [{}]);
    const before = connection.listenerCount("drain");
    for (let n = 0; n < 3; n++) wait();
    expect(connection.listenerCount("drain") - before).toBe(1);
    connection.emit("drain");
    expect([told.count, connection.listenerCount("drain") - before]).toEqual([0, 1]);
    connection.writeBuffer = [];
    connection.emit("drain");
    expect([told.count, connection.listenerCount("drain") - before]).toEqual([3, 0]);
    connection.close(true);
    expect(told.count).toBe(3);
  });
});
