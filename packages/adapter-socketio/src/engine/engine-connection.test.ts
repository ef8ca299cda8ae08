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

describe("a request for a namespace", () => {
  /** A client that asks for the same namespace fifty times. */
  function asking(isThere: boolean) {
    const { connection, engine, ...tracked } = opened({ unread: 1_000 }, false);
    engine.trackClient(tracked.client, (name) => isThere && name === "/a");
    for (let n = 0; n < 50; n++) tracked.client.connect("/a", {});
    return { closes: connection.closes, asked: tracked.asked.length };
  }

  test("that exists is always passed on", () => {
    expect(asking(true)).toEqual({ closes: [], asked: 50 });
  });

  test("that does not exist is passed on while answers are read", () => {
    const { closes, asked } = asking(false);
    expect([closes[0], asked]).toEqual([true, Math.ceil(2_000 / (256 + 64 + 2))]);
  });
});

describe("the number of pending handshakes", () => {
  test("is limited, and known ones are spared", () => {
    const { connection, engine, limits } = opened({ namespaces: 2 });
    const asked = ["/a", "/b", "/b"].map((name) => engine.beginHandshake(name, limits));
    expect([asked, connection.closes]).toEqual([["ask", "ask", "known"], []]);
    expect(engine.beginHandshake("/c", limits)).toBe("ask");
    expect([connection.closes, engine.membership.isPending("/c")]).toEqual([[true], false]);
  });

  test("is charged once for each name", () => {
    const { engine, limits } = opened({ unread: 1_000 });
    const name = "/".padEnd(400, "a");
    for (let n = 0; n < 2; n++) engine.beginHandshake(name, limits);
    expect(engine.outgoing.isFull).toBe(false);
    engine.beginHandshake("/b", limits);
    expect(engine.outgoing.isFull).toBe(true);
  });
});

describe("a client that is refused everywhere", () => {
  test("goes a second after the last refusal", () => {
    const { connection, engine, limits } = opened();
    for (const name of ["/a", "/b"]) engine.beginHandshake(name, limits);
    engine.endHandshake("/a");
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS / 2);
    engine.endHandshake("/b");
    vi.advanceTimersByTime(CLOSE_TIMEOUT_MS - 1);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });

  test("goes at the end of its handshake where that comes first", () => {
    const { connection, engine, limits } = opened({ handshake: 50 });
    engine.beginHandshake("/a", limits);
    engine.endHandshake("/a");
    vi.advanceTimersByTime(50);
    expect(connection.closes).toEqual([true]);
  });
});

describe("the data of a client that is in no namespace", () => {
  test.each([
    ["text", (size: number) => "x".repeat(size)],
    ["bytes", (size: number) => Buffer.alloc(size)],
  ])("is limited as %s", (_kind, make) => {
    const { connection } = opened({ pendingBytes: 100 });
    connection.emit("data", make(60));
    connection.emit("data", undefined);
    connection.emit("data", make(40));
    expect(connection.closes).toEqual([]);
    connection.emit("data", make(1));
    expect(connection.closes).toEqual([true]);
  });

  test("is counted before other listeners hear it", () => {
    const connection = new StubConnection();
    const read: unknown[] = [];
    connection.on("data", () => read.push(connectionBeingRead()));
    const engine = engineOf(connection);
    connection.emit("data", "0");
    expect(read).toEqual([engine]);
  });

  test("is not limited any more once it has entered", () => {
    const { connection, client } = opened({ pendingBytes: 100 });
    const before = connection.listenerCount("data");
    client.nsps.set("/", {});
    connection.emit("data", "x".repeat(101));
    expect([connection.closes, connection.listenerCount("data")]).toEqual([[], before - 1]);
  });

  test("is being read until the end of its task", async () => {
    const { connection, engine } = opened({}, false);
    connection.emit("data", "0");
    expect(connectionBeingRead()).toBe(engine);
    await Promise.resolve();
    expect(connectionBeingRead()).toBeUndefined();
  });

  test("of a tracked client belongs to none of its requests", () => {
    const { connection } = opened();
    connection.emit("data", "0");
    expect(connectionBeingRead()).toBeUndefined();
  });
});

test("the close of a connection aborts its pending handshakes", () => {
  const { connection, engine, limits } = opened();
  engine.beginHandshake("/a", limits);
  let aborted = 0;
  engine.membership.track("/a", { abort: () => void aborted++ });
  connection.emit("close");
  expect([aborted, engine.membership.pendingCount]).toEqual([1, 0]);
});

test("a namespace that is looked up too often is refused", () => {
  const { engine, connection } = opened({ undecodable: 1 });
  const asked = Array.from({ length: 4 }, () => {
    const end = engine.beginLookup("/a", {});
    if (typeof end !== "function") return end;
    end();
    return "asked";
  });
  expect(asked).toEqual(["asked", "asked", "often", "destroyed"]);
  expect(connection.closes).toEqual([true]);
});

describe("the time for a handshake", () => {
  test("begins with the first of several", () => {
    const { connection, engine, client, limits } = opened({ handshake: 50 });
    client.nsps.set("/", {});
    engine.timeout.stop();
    engine.beginHandshake("/a", limits);
    vi.advanceTimersByTime(40);
    engine.beginHandshake("/b", limits);
    vi.advanceTimersByTime(10);
    expect(connection.closes).toEqual([true]);
  });

  test("begins anew for a client that has entered meanwhile", () => {
    const { connection, engine, client, limits } = opened({ handshake: 50 });
    client.nsps.set("/", {});
    vi.advanceTimersByTime(40);
    engine.beginHandshake("/a", limits);
    vi.advanceTimersByTime(49);
    expect(connection.closes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(connection.closes).toEqual([true]);
  });

  test("goes on for a client outside", () => {
    const { connection, engine, limits } = opened({ handshake: 50 });
    vi.advanceTimersByTime(40);
    engine.beginHandshake("/a", limits);
    vi.advanceTimersByTime(10);
    expect(connection.closes).toEqual([true]);
  });
});
