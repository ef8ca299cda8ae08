import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { clientOf, StubConnection } from "../../test/stub-connection.js";
import { CLOSE_TIMEOUT_MS, HandshakeTimeout } from "./handshake-timeout.js";
import { Membership } from "./membership.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIMIT = 50;

/** The time limit of a client that has entered `inside` namespaces. */
function started(...inside: string[]) {
  const connection = new StubConnection();
  const membership = new Membership();
  const { client } = clientOf(connection);
  membership.client = client;
  for (const name of inside) client.nsps.set(name, {});
  return { connection, membership, client, timeout: new HandshakeTimeout(connection.bare, membership, LIMIT) };
}

describe("the time of a handshake", () => {
  test("ends the connection of a client outside", () => {
    const { connection, timeout } = started();
    vi.advanceTimersByTime(LIMIT - 1);
    expect([connection.closes, timeout.isRunning]).toEqual([[], true]);
    vi.advanceTimersByTime(1);
    expect([connection.closes, timeout.isRunning]).toEqual([[true], false]);
  });

  test("spares a client inside", () => {
    const { connection, timeout } = started("/");
    vi.advanceTimersByTime(LIMIT);
    expect([connection.closes, timeout.isRunning]).toEqual([[], false]);
  });

  test("ends a client inside with a pending handshake", () => {
    const { connection, membership } = started("/");
    membership.add("/a");
    vi.advanceTimersByTime(LIMIT);
    expect(connection.closes).toEqual([true]);
  });

  test("ends a client inside whose connection is closing", () => {
    const { connection } = started("/");
    connection.readyState = "closing";
    vi.advanceTimersByTime(LIMIT);
    expect(connection.closes).toEqual([true]);
  });

  test("is over after a stop", () => {
    const { connection, timeout } = started();
    timeout.stop();
    expect(timeout.isRunning).toBe(false);
    vi.advanceTimersByTime(LIMIT);
    expect(connection.closes).toEqual([]);
  });

  test("begins again with a new start", () => {
    const { connection, timeout } = started();
    vi.advanceTimersByTime(LIMIT - 1);
    timeout.start(2 * LIMIT);
    vi.advanceTimersByTime(2 * LIMIT - 1);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });
});

describe("a client about which the application decides", () => {
  test("stays until the decision, and shortly after it", () => {
    const { connection, timeout } = started();
    const decide = timeout.waitForOthers();
    vi.advanceTimersByTime(LIMIT + 10 * CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
    decide();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS - 1);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });

  test("stays until the last of several decisions", () => {
    const { connection, timeout } = started();
    const [first, second] = [timeout.waitForOthers(), timeout.waitForOthers()];
    vi.advanceTimersByTime(LIMIT);
    first();
    first();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS / 2);
    second();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS - 1);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });

  test("has the rest of its time after an early decision", () => {
    const { connection, timeout } = started();
    timeout.start(10 * CLOSE_TIMEOUT_MS);
    timeout.waitForOthers()();
    vi.advanceTimersByTime(10 * CLOSE_TIMEOUT_MS - 1);
    expect(connection.closes).toEqual([]);
  });

  test("is not late where it was inside in time", () => {
    const { connection, timeout, client } = started("/");
    const decide = timeout.waitForOthers();
    vi.advanceTimersByTime(LIMIT);
    client.nsps.clear();
    decide();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
  });

  test("is late once, and not for later decisions", () => {
    const { connection, timeout, client } = started();
    const decide = timeout.waitForOthers();
    vi.advanceTimersByTime(LIMIT);
    decide();
    client.nsps.set("/", {});
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    client.nsps.clear();
    timeout.waitForOthers()();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
  });

  test("stays although it was refused elsewhere", () => {
    const { connection, timeout } = started();
    timeout.stop();
    timeout.closeWhenIdle();
    const decide = timeout.waitForOthers();
    vi.advanceTimersByTime(10 * CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
    decide();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([true]);
  });
});

describe("a client that was refused", () => {
  /** Its time for a handshake is over. */
  function refused() {
    const parts = started();
    parts.timeout.stop();
    parts.timeout.closeWhenIdle();
    return parts;
  }

  test("goes after a second, however often it is refused", () => {
    const { connection, timeout } = refused();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS - 1);
    timeout.closeWhenIdle();
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });

  test("stays where it has entered another namespace", () => {
    const { connection, client } = refused();
    client.nsps.set("/", {});
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
  });

  test("stays while another handshake is pending", () => {
    const { connection, membership } = refused();
    membership.add("/a");
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
  });

  test("goes when it is refused once more later", () => {
    const { connection, timeout, client } = refused();
    client.nsps.set("/", {});
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    client.nsps.clear();
    timeout.closeWhenIdle();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([true]);
  });

  test("stays after a stop", () => {
    const { connection, timeout } = refused();
    timeout.stop();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
    timeout.closeWhenIdle();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([true]);
  });

  test("may fetch its last answers before it goes", () => {
    const { connection } = refused();
    connection.writeBuffer = [{}];
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([undefined]);
    vi.advanceTimersByTime(LIMIT);
    expect(connection.closes).toEqual([undefined, true]);
  });

  test("is left alone once its connection is closing", () => {
    const { connection, timeout } = started();
    timeout.stop();
    connection.readyState = "closing";
    timeout.closeWhenIdle();
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
  });
});
