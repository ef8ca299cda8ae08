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
