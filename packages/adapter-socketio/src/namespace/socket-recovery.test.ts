import type { Scope } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import { describe, expect, test } from "vitest";
import type { BareAdapter, BareSocket, KeptSession } from "../socketio-internals.js";
import type { Message } from "./event.js";
import type { Kept, KeptRights } from "./kept-rights.js";
import { SocketRecovery } from "./socket-recovery.js";
import { deferRecovery, isFree, keptOf, restoreRecovery, takeRecovery } from "./state-recovery.js";

const STORED = { sid: "s", pid: "p", rooms: ["staff"], data: { visits: 1 }, missedPackets: [["news", 1]] };
const scope = { user: { id: 1 } } as unknown as Scope;

/** An adapter that has one session stored, and what it was given to store. */
function adapterOf(session: object | null = STORED, describe: (id: string) => Kept | undefined = () => undefined) {
  const persisted: object[] = [];
  const asked: unknown[] = [];
  const adapter = {
    persistSession: (given: object) => void persisted.push(given),
    restoreSession: async (...question: unknown[]) => {
      asked.push(question);
      return session;
    },
  };
  deferRecovery(adapter as unknown as BareAdapter, describe, 60_000);
  const restore = () => (adapter as BareAdapter).restoreSession?.("p", "0") as Promise<KeptSession | null>;
  return { adapter: adapter as Required<BareAdapter>, persisted, asked, restore };
}

/** A socket as socket.io makes it of a session. */
function socketOf(session: KeptSession) {
  const calls: unknown[] = [];
  const nsp = { sockets: new Map<string, unknown>(), _preConnectSockets: new Map<string, unknown>() };
  const socket = {
    id: session.sid,
    pid: session.pid,
    data: session.data,
    recovered: true,
    conn: { readyState: "open" },
    nsp,
    join: async (room: string) => void calls.push(["join", room]),
    leave: async (room: string) => void calls.push(["leave", room]),
    packet: (packet: object) => void calls.push(packet),
  };
  nsp._preConnectSockets.set(socket.id, socket);
  return { socket, nsp, calls, bare: socket as unknown as BareSocket };
}

/** A returning client of a guard whose sessions are in force as the list tells, one after the other. */
async function returning(session: object = STORED, inForce: boolean[] = [true, true]) {
  const made = socketOf((await adapterOf(session).restore()) as KeptSession);
  const asked: unknown[] = [];
  const rights = { isInForce: (...question: unknown[]) => asked.push(question) > 0 && inForce.shift() };
  return { ...made, asked, recovery: new SocketRecovery(rights as unknown as KeptRights, made.bare) };
}

describe("an adapter", () => {
  test("tells socket.io nothing of a session but that it exists", async () => {
    const { restore } = adapterOf();
    const [one, other] = [await restore(), await restore()];
    expect(one).toEqual({ sid: expect.any(String), pid: expect.any(String), data: {}, rooms: [], missedPackets: [] });
    expect(new Set(["s", "p", one?.sid, one?.pid, other?.sid, other?.pid]).size).toBe(6);
    expect(one?.sid).toMatch(/^[\w-]{20}$/);
  });

  test("without such a session has none", async () => {
    expect(await adapterOf(null).restore()).toBeNull();
  });

  test("stores the principal and the right beside the session", () => {
    const { adapter, persisted } = adapterOf(STORED, (id) => ({ principal: `of ${id}`, right: "names" }));
    adapter.persistSession({ sid: "s", pid: "p", rooms: [], data: 1 });
    const stored = {
      sid: "s",
      pid: "p",
      rooms: [],
      data: 1,
      "portcullis:principal": "of s",
      "portcullis:right": "names",
    };
    expect(persisted).toEqual([stored]);
  });

  test("stores a session that nobody can describe", () => {
    const { adapter, persisted } = adapterOf();
    adapter.persistSession({ sid: "s", pid: "p", rooms: [], data: 1 });
    expect(persisted).toMatchObject([{ sid: "s", "portcullis:principal": undefined }]);
  });

  test("is changed once", () => {
    const { adapter } = adapterOf();
    const { persistSession, restoreSession } = adapter;
    deferRecovery(adapter, () => undefined, 1);
    expect([adapter.persistSession === persistSession, adapter.restoreSession === restoreSession]).toEqual([
      true,
      true,
    ]);
  });

  test("that stores nothing may still restore", () => {
    const adapter = { restoreSession: async () => null } as BareAdapter;
    deferRecovery(adapter, () => undefined, 1);
    expect(adapter.persistSession?.({ sid: "s", pid: "p", rooms: [], data: 1 })).toBeUndefined();
  });

  test("that restores nothing is left alone", () => {
    const adapter = {} as BareAdapter;
    deferRecovery(adapter, () => undefined, 1);
    expect(adapter).toEqual({});
  });
});

describe("a stored session", () => {
  test("is found by the data of its socket, which counts as new", async () => {
    const { socket, bare } = await returning();
    expect([takeRecovery(bare)?.session, socket.recovered]).toEqual([STORED, false]);
  });

  test.each([[undefined], [{}], ["text"]])("is not found for a socket with %j as data", (data) => {
    const { socket, bare } = socketOf({ ...STORED, data });
    expect([takeRecovery(bare), socket.recovered]).toEqual([undefined, true]);
  });

  test("has its principal, its right and the mark of this process", async () => {
    const mark = { record: undefined, next: undefined };
    const stored = { ...STORED, "portcullis:principal": "ann", "portcullis:right": "names" };
    const { adapter, restore } = adapterOf(stored, () => ({ principal: "ann", mark }));
    adapter.persistSession(STORED);
    const { bare } = socketOf((await restore()) as KeptSession);
    const recovery = takeRecovery(bare);
    expect(recovery && keptOf(recovery)).toEqual({ principal: "ann", right: "names", mark });
    expect(recovery && keptOf(recovery).mark).toBe(mark);
  });

  test.each(["sockets", "_preConnectSockets"] as const)(
    "is not free while another socket is in `%s`",
    async (where) => {
      const { nsp, recovery, bare } = await returning();
      expect(recovery.storedFor(scope)).toBeDefined();
      nsp[where].set("s", {});
      const stored = takeRecovery(bare);
      expect([stored && isFree(stored, bare), recovery.storedFor(scope)]).toEqual([false, undefined]);
    },
  );

  test("is free in versions of socket.io without sockets that wait", async () => {
    const { nsp, bare } = await returning();
    Object.defineProperty(nsp, "_preConnectSockets", { value: undefined });
    const stored = takeRecovery(bare);
    expect(stored && isFree(stored, bare)).toBe(true);
  });

  test("goes to nobody where its right is not in force", async () => {
    const { recovery, asked } = await returning(STORED, [false]);
    expect(recovery.storedFor(scope)).toBeUndefined();
    expect(asked).toEqual([[expect.objectContaining({ principal: undefined }), scope]]);
  });

  test("goes to nobody without a guard that keeps rights", async () => {
    const { bare } = socketOf((await adapterOf().restore()) as KeptSession);
    expect(new SocketRecovery(undefined, bare).storedFor(scope)).toBeUndefined();
  });
});

describe("a restored socket", () => {
  async function restored(session: object, inForce = [true, true], prepare = (_: { data: unknown }) => {}) {
    const made = await returning(session, inForce);
    prepare(made.socket);
    const stored = made.recovery.storedFor(scope);
    if (stored === undefined) throw new Error("it has no session");
    await made.recovery.restore(stored, scope);
    return { ...made, stored };
  }

  test("has the ids, rooms, data and packets of its session", async () => {
    const { socket, nsp, calls } = await restored(STORED);
    expect(socket).toMatchObject({ id: "s", pid: "p", recovered: true, data: { visits: 1 } });
    expect(calls).toEqual([["join", "staff"], { type: 2, data: ["news", 1] }]);
    expect([...nsp._preConnectSockets]).toEqual([["s", socket]]);
  });

  test("has the packets of a second lookup, if there is one", async () => {
    for (const [second, news] of [
      [async () => ({ ...STORED, missedPackets: [["news", 2]] }), 2],
      [async () => null, 1],
      [async () => Promise.reject(new Error("gone")), 1],
    ] as const) {
      let lookups = 0;
      const restoreSession = async () => (++lookups === 1 ? STORED : second());
      const adapter = { restoreSession } as unknown as Required<BareAdapter>;
      deferRecovery(adapter, () => undefined, 60_000);
      const { bare, calls } = socketOf((await adapter.restoreSession("p", "0")) as KeptSession);
      const stored = takeRecovery(bare);
      if (stored) await restoreRecovery(bare, stored, () => true);
      expect(calls).toEqual([["join", "staff"], { type: 2, data: ["news", news] }]);
    }
  });

  test("is restored in versions of socket.io without sockets that wait", async () => {
    const { socket } = await restored(STORED, [true, true], (made) => {
      Object.defineProperty((made as unknown as BareSocket).nsp, "_preConnectSockets", { value: undefined });
    });
    expect(socket).toMatchObject({ id: "s", recovered: true });
  });

  test("is not added to the sockets that wait where it was not there", async () => {
    const { nsp } = await restored(STORED, [true, true], (socket) => {
      const { nsp: own, id } = socket as unknown as ReturnType<typeof socketOf>["socket"];
      own._preConnectSockets.delete(id);
    });
    expect(nsp._preConnectSockets.size).toBe(0);
  });

  test.each([
    ["an object", { visits: 1, by: "old" }, { visits: 1, by: "new" }],
    ["a text", "text", "text"],
    ["nothing", null, { by: "new" }],
  ])("has %s as data, under the newer data", async (_what, data, expected) => {
    const { socket } = await restored({ ...STORED, data }, [true, true], (made) => {
      Object.assign(made.data as object, { by: "new" });
    });
    expect(socket.data).toEqual(expected);
  });

  test("is a new one where its right has ended meanwhile", async () => {
    const { socket, calls } = await restored(STORED, [true, false], (made) => {
      Object.assign(made.data as object, { by: "new" });
    });
    expect(calls).toEqual([
      ["join", "staff"],
      ["leave", "staff"],
    ]);
    expect(socket).toMatchObject({ recovered: false, data: { by: "new" } });
    expect(socket.data).not.toHaveProperty("visits");
    expect(socket.pid).toMatch(/^[\w-]{20}$/);
  });

  test("uses its session up", async () => {
    const { stored, bare } = await restored(STORED);
    expect(isFree(stored, { ...bare, nsp: { sockets: new Map() } } as never)).toBe(false);
  });

  test("leaves its session to another where it is gone by now", async () => {
    const { stored, bare } = await restored(STORED, [true, true], (socket) => {
      (socket as unknown as { conn: { readyState: string } }).conn.readyState = "closed";
    });
    expect(isFree(stored, { ...bare, nsp: { sockets: new Map() } } as never)).toBe(true);
  });
});

describe("what is kept of a socket", () => {
  const described = { principal: "ann" };
  const rights = { describe: () => described } as unknown as KeptRights;
  const sessionOf = (isEnded: boolean) => ({ isEnded }) as Session<Message>;

  test.each([
    ["an open session", false, false, described],
    ["an ended session", true, false, undefined],
    ["an ended session of a client that shall come back", true, true, described],
  ])("is that of %s", (_which, isEnded, isExpectedBack, expected) => {
    const recovery = new SocketRecovery(rights, {} as BareSocket);
    expect([recovery.kept, recovery.isExpectedBack]).toEqual([undefined, false]);
    recovery.isExpectedBack = isExpectedBack;
    recovery.keep(sessionOf(isEnded));
    expect(recovery.kept).toBe(expected);
  });

  test("is nothing without a guard that keeps rights", () => {
    const recovery = new SocketRecovery(undefined, {} as BareSocket);
    recovery.keep(sessionOf(false));
    expect(recovery.kept).toBeUndefined();
  });
});
