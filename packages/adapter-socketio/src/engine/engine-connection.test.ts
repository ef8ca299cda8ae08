import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { clientOf, engineOf, limitsOf, StubConnection } from "../../test/stub-connection.js";
import { connectionBeingRead } from "./engine-connection.js";
import { CLOSE_TIMEOUT_MS } from "./handshake-timeout.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose client has asked for a namespace that exists, unless `isKnown` is false. */
function opened(limits = {}, isKnown = true) {
  const connection = new StubConnection();
  const engine = engineOf(connection, limits);
  const tracked = clientOf(connection);
  if (isKnown) engine.trackClient(tracked.client, () => true);
  return { connection, engine, limits: limitsOf(limits), ...tracked };
}

const refusal = (message: string) => Object.assign(new Error(message), { data: { code: "no" } as never });

test("a connection that is closed has no time limit any more", () => {
  const { connection } = opened({ handshake: 50 });
  connection.emit("close");
  vi.advanceTimersByTime(60_000);
  expect(connection.closes).toEqual([]);
});

describe("a tracked client", () => {
  test("is tracked once", () => {
    const { connection, engine, client, asked } = opened();
    const other = clientOf(connection);
    engine.trackClient(client, () => false);
    engine.trackClient(other.client, () => false);
    client.connect("/", {});
    expect([asked, engine.membership.client === client]).toEqual([[["/", {}]], true]);
  });

  test("is the one being read during its request alone", () => {
    const { engine, connection } = opened({}, false);
    const read: unknown[] = [];
    const { client } = clientOf(connection);
    client.connect = () => void read.push(connectionBeingRead());
    engine.trackClient(client, () => true);
    client.connect("/", {});
    expect([read, connectionBeingRead()]).toEqual([[engine], undefined]);
  });

  test("is not being read after a request that throws", () => {
    const { engine, connection } = opened({}, false);
    const { client } = clientOf(connection);
    client.connect = () => {
      throw new Error("of socket.io");
    };
    engine.trackClient(client, () => true);
    expect(() => client.connect("/", {})).toThrow("of socket.io");
    expect(connectionBeingRead()).toBeUndefined();
  });
});

describe("a lookup of a namespace", () => {
  const auth = (bytes: number) => ({ t: "x".repeat(bytes - 1) });

  test("is refused where the values of `auth` are too large", () => {
    const { connection, engine } = opened({ pendingBytes: 100 });
    expect(engine.beginLookup("/a", auth(101))).toBe("large");
    expect(connection.closes).toEqual([]);
  });

  test("destroys the connection of an unknown client with a large `auth`", () => {
    const { connection, engine } = opened({ pendingBytes: 100 }, false);
    expect(engine.beginLookup("/a", auth(101))).toBe("destroyed");
    expect(connection.closes).toEqual([true]);
  });

  test("destroys the connection of a client with too many at once", () => {
    const { connection, engine } = opened({ namespaces: 2 });
    const ends = [engine.beginLookup("/a", {}), engine.beginLookup("/b", {})];
    expect(ends.map((end) => typeof end)).toEqual(["function", "function"]);
    expect(engine.beginLookup("/b", {})).toBe("destroyed");
    expect(connection.closes).toEqual([true]);
  });

  test("frees the room of its `auth` at its end", () => {
    const { engine } = opened({ pendingBytes: 100 });
    const end = engine.beginLookup("/a", auth(100));
    expect(engine.beginLookup("/b", auth(1))).toBe("large");
    (end as () => void)();
    expect(engine.beginLookup("/c", auth(100))).toBeTypeOf("function");
  });
});

describe("the refusal of a namespace", () => {
  test("has a message beside its data", () => {
    const { engine, client, packets } = opened();
    engine.refuse(client, "/a", refusal("You may not."));
    const data = { message: "You may not.", data: { code: "no" } };
    expect(packets).toEqual([{ type: 4, nsp: "/a", data }]);
  });

  test("has its data alone for clients of protocol 3", () => {
    const { connection, engine, client, packets } = opened();
    connection.protocol = 3;
    engine.refuse(client, "/a", refusal("You may not."));
    expect(packets).toEqual([{ type: 4, nsp: "/a", data: { code: "no" } }]);
  });

  test("is charged by its name and its message", () => {
    const { connection, engine, client, packets } = opened({ unread: 2_000 });
    engine.refuse(client, `/${"a".repeat(999)}`, refusal("b".repeat(1_000)));
    engine.refuse(client, "/b", refusal("no"));
    // Both together are beyond the limit. A difference of the two lengths would not be.
    expect([packets.length, engine.outgoing.isFull]).toEqual([2, true]);
    expect(connection.closes).toEqual([]);
  });

  test("is not sent to a client that reads none", () => {
    const { connection, engine, client, packets } = opened({ unread: 1_000 });
    for (let sent = 0; sent < 50; sent++) engine.refuse(client, "/a", refusal("c".repeat(100)));
    expect(connection.closes[0]).toBe(true);
    expect(packets.length).toBeLessThan(50);
  });
});

describe("a handshake with a namespace", () => {
  test("is asked once while it is pending", () => {
    const { engine, limits } = opened();
    expect(engine.beginHandshake("/a", limits)).toBe("ask");
    expect(engine.beginHandshake("/a", limits)).toBe("known");
  });

  test("of a connection that is gone is asked, and not kept", () => {
    const { connection, engine, limits } = opened();
    connection.readyState = "closed";
    expect(engine.beginHandshake("/a", limits)).toBe("ask");
    expect(engine.membership.pendingCount).toBe(0);
  });

  test("closes a client outside when it is the last to end", () => {
    const { connection, engine, limits } = opened();
    engine.beginHandshake("/a", limits);
    engine.beginHandshake("/b", limits);
    engine.endHandshake("/a");
    vi.advanceTimersByTime(2 * CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([]);
    engine.endHandshake("/b");
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS);
    expect(connection.closes).toEqual([true]);
  });

  test("keeps a client that has entered", () => {
    const { connection, engine, client, limits } = opened();
    engine.beginHandshake("/a", limits);
    client.nsps.set("/a", {});
    engine.endHandshake("/a");
    client.nsps.clear();
    vi.advanceTimersByTime(60_000);
    expect(connection.closes).toEqual([]);
  });

  test("that is skipped is pending no more", () => {
    const { engine, limits } = opened();
    engine.beginHandshake("/a", limits);
    engine.skipHandshake("/a");
    expect(engine.membership.isPending("/a")).toBe(false);
  });
});

test("the answers of a full client are sent although it is corked", () => {
  const { connection, engine } = opened({ unread: 100 });
  const socket = { packet: () => connection.emit("packetCreate", { data: "x".repeat(200) }) };
  engine.cork.cork();
  engine.send(socket as never, { type: 3, data: [] });
  expect([engine.outgoing.isFull, connection.flushes]).toEqual([true, 1]);
});

test("the answers of a client that reads wait for the cork", () => {
  const { connection, engine } = opened({ unread: 1_000 });
  const socket = { packet: () => connection.emit("packetCreate", { data: "x" }) };
  engine.cork.cork();
  engine.send(socket as never, { type: 3, data: [] });
  expect(connection.flushes).toBe(0);
});
