import { AllowAny, definePolicy } from "@portcullis/core";
import type { Server, Socket } from "socket.io";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test } from "vitest";
import { clientOf, listen, type Running, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });
type Users = Readonly<Record<string, unknown>>;

/** An application that identifies its clients by their `auth`, and stores data for each. */
async function start(users: Users, prepare: (io: Server) => void = () => {}): Promise<Running> {
  return listen(
    (io) => {
      prepare(io);
      guard(io, policy, { authenticate: ({ handshake }) => ({ user: users[String(handshake.auth.name)] ?? null }) });
      io.on("connection", (socket) => {
        socket.on("state", (answer) => {
          const rooms = [...socket.rooms].filter((room) => room !== socket.id);
          answer({ id: socket.id, recovered: socket.recovered, data: socket.data, rooms });
        });
        if (!socket.recovered) {
          socket.join("staff");
          socket.data.secret = `of ${socket.handshake.auth.name}`;
        }
        socket.emit("hello");
      });
    },
    { connectionStateRecovery: {} },
  );
}

/** Opens a client for a user name. */
async function enter(server: Running, name: string, transport: string): Promise<Client> {
  const client = clientOf(server, "/", { transports: [transport], auth: { name } });
  await new Promise((resolve) => client.once("hello", resolve));
  server.io.to("staff").emit("news", 0);
  await new Promise((resolve) => client.once("news", resolve));
  return client;
}

/** Cuts off a client, and sends a message meanwhile. */
async function drop(server: Running, client: Client): Promise<void> {
  client.io.engine.close();
  await until(() => server.io.sockets.sockets.size === 0, "the server has noticed");
  server.io.to("staff").emit("news", 1);
}

const pidOf = (client: Client) => (client as unknown as { _pid: string })._pid;

/** Reconnects as the named user, with the same pid. */
async function comeBack(client: Client, name: string) {
  const heard: unknown[] = [];
  client.on("news", (n) => heard.push(n));
  client.auth = { name };
  const entered = new Promise((resolve) => client.once("hello", resolve));
  client.connect();
  await entered;
  const state = (await client.emitWithAck("state")) as {
    id: string;
    recovered: boolean;
    data: object;
    rooms: string[];
  };
  return { heard, state, isRecovered: client.recovered };
}

const AS_BEFORE = { heard: [1], isRecovered: true, state: { recovered: true } };
const NEW = { heard: [], isRecovered: false, state: { recovered: false, rooms: ["staff"] } };

describe.each(["websocket", "polling"])("a session that is resumed over %s", (transport) => {
  test("does not go to another user of the page", async () => {
    const server = await start({ ann: { id: 1 }, bob: { id: 2 } });
    const client = await enter(server, "ann", transport);
    const before = { id: client.id, pid: pidOf(client) };
    await drop(server, client);
    const joined: unknown[] = [];
    server.io.sockets.adapter.on("join-room", (_room, id) => joined.push(id));
    const back = await comeBack(client, "bob");
    expect(back).toMatchObject(NEW);
    expect(back.state.data).toEqual({ secret: "of bob" });
    expect([back.state.id === before.id, pidOf(client) === before.pid]).toEqual([false, false]);
    expect(new Set(joined)).toEqual(new Set([client.id]));
    expect(client.id).toBe(back.state.id);
  });

  test("goes to its user with id, data, rooms and packets", async () => {
    const server = await start({ ann: { id: 1 } });
    const client = await enter(server, "ann", transport);
    const before = { id: client.id, pid: pidOf(client) };
    await drop(server, client);
    const back = await comeBack(client, "ann");
    expect(back).toMatchObject({
      ...AS_BEFORE,
      state: { id: before.id, data: { secret: "of ann" }, rooms: ["staff"] },
    });
    expect(pidOf(client)).toBe(before.pid);
    const { sockets, _preConnectSockets: waiting } = server.io.sockets as never as Record<string, Map<string, Socket>>;
    expect([[...(sockets as Map<string, Socket>).keys()], waiting?.size]).toEqual([[before.id], 0]);
  });
});

describe("the user of a session that is resumed", () => {
  class ObjectId {
    constructor(readonly hex: string) {}
    toHexString() {
      return this.hex;
    }
  }
  const throwing = {
    get id() {
      throw new Error("down");
    },
  };
  test.each<[string, Users, boolean]>([
    ["nobody, twice", {}, true],
    ["nobody, and then somebody", { bob: { id: 1 } }, false],
    ["somebody, and then nobody", { ann: { id: 1 } }, false],
    ["loaded anew", { ann: { id: 1, seen: 1 }, bob: { id: 1, seen: 2 } }, true],
    ["known by `sub`", { ann: { sub: "a" }, bob: { sub: "a" } }, true],
    ["another `sub`", { ann: { sub: "a" }, bob: { sub: "b" } }, false],
    ["another `_id` of one `username`", { ann: { _id: 1, username: "x" }, bob: { _id: 2, username: "x" } }, false],
    ["known by `email` alone", { ann: { email: "a@b" }, bob: { email: "a@b" } }, true],
    ["known by another key", { ann: { id: 1 }, bob: { pk: 1 } }, false],
    ["a number, and then its text", { ann: { id: 1 }, bob: { id: "1" } }, false],
    ["an id of MongoDB", { ann: { _id: new ObjectId("a1") }, bob: { _id: new ObjectId("a1") } }, true],
    ["another id of MongoDB", { ann: { _id: new ObjectId("a1") }, bob: { _id: new ObjectId("a2") } }, false],
    ["known by an object", { ann: { id: { a: 1 } }, bob: { id: { a: 1 } } }, false],
    ["known by bytes", { ann: { id: Buffer.from("a") }, bob: { id: Buffer.from("a") } }, false],
    ["known by nothing", { ann: { role: "x" }, bob: { role: "x" } }, false],
    ["known by blanks", { ann: { id: "" }, bob: { id: " " } }, false],
    ["one that cannot be read", { ann: throwing, bob: throwing }, false],
    ["a text", { ann: "ann", bob: "ann" }, true],
    ["another text", { ann: "ann", bob: "bob" }, false],
    ["the text that stands for nobody", { bob: "anonymous" }, false],
  ])("is the same or not: %s", async (_what, users, isSame) => {
    const server = await start(users);
    const client = await enter(server, "ann", "websocket");
    await drop(server, client);
    expect(await comeBack(client, "bob")).toMatchObject(isSame ? AS_BEFORE : NEW);
  });

  test("is who `refresh()` has found last", async () => {
    const users = { ann: { id: 1 } as object };
    let refreshed: Promise<unknown> = Promise.resolve();
    const server = await listen(
      (io) => {
        const guarded = guard(io, policy, { authenticate: () => ({ user: users.ann }) });
        io.on("connection", (socket) => {
          users.ann = { id: 2 };
          refreshed = guarded.sessionOf(socket)?.refresh() as Promise<unknown>;
          socket.emit("hello");
        });
      },
      { connectionStateRecovery: {} },
    );
    const client = clientOf(server);
    await new Promise((resolve) => client.once("hello", resolve));
    await refreshed;
    client.io.engine.close();
    await until(() => server.io.sockets.sockets.size === 0);
    client.connect();
    await new Promise((resolve) => client.once("hello", resolve));
    expect(client.recovered).toBe(true);
  });
});

test("middleware data stays with or without a resumption", async () => {
  const say = (io: Server) =>
    void io.use((socket, next) => {
      Object.assign(socket.data, { by: socket.handshake.auth.name, recovered: socket.recovered });
      next();
    });
  const server = await start({ ann: { id: 1 }, bob: { id: 2 } }, say);
  const client = await enter(server, "ann", "websocket");
  await drop(server, client);
  expect((await comeBack(client, "ann")).state.data).toEqual({ secret: "of ann", by: "ann", recovered: false });
  await drop(server, client);
  expect((await comeBack(client, "bob")).state.data).toEqual({ secret: "of bob", by: "bob", recovered: false });
});

describe("an adapter", () => {
  test("that sends what it keeps to another process keeps whose it is", async () => {
    const server = await start({ ann: { id: 1 }, bob: { id: 2 } }, (io) => {
      const { adapter } = io.sockets;
      const [persist, restore] = [adapter.persistSession.bind(adapter), adapter.restoreSession.bind(adapter)];
      // Like the Redis streams adapter, which stores JSON only.
      adapter.persistSession = (session) => persist(JSON.parse(JSON.stringify(session)));
      adapter.restoreSession = async (id, offset) => JSON.parse(JSON.stringify(await restore(id, offset)));
    });
    const client = await enter(server, "ann", "websocket");
    await drop(server, client);
    expect(await comeBack(client, "ann")).toMatchObject(AS_BEFORE);
    await drop(server, client);
    expect(await comeBack(client, "bob")).toMatchObject(NEW);
  });

  test("that does not keep whose it is resumes nobody", async () => {
    const server = await start({ ann: { id: 1 } }, (io) => {
      const { adapter } = io.sockets;
      const persist = adapter.persistSession.bind(adapter);
      adapter.persistSession = ({ sid, pid, rooms, data }) => persist({ sid, pid, rooms, data });
    });
    const client = await enter(server, "ann", "websocket");
    await drop(server, client);
    expect(await comeBack(client, "ann")).toMatchObject(NEW);
  });
});

test("a resumed session is not disturbed by its pid", async () => {
  const server = await start({ ann: { id: 1 } });
  const client = await enter(server, "ann", "websocket");
  const [pid, offset] = [pidOf(client), (client as unknown as { _lastOffset: string })._lastOffset];
  await drop(server, client);
  await comeBack(client, "ann");
  for (const name of ["ann", "nobody"]) {
    const other = clientOf(server, "/", { auth: { name } });
    Object.assign(other, { _pid: pid, _lastOffset: offset });
    await new Promise((resolve) => other.once("hello", resolve));
    expect([other.recovered, other.id === client.id]).toEqual([false, false]);
    other.disconnect();
    await until(() => server.io.sockets.sockets.size === 1);
  }
  expect(await client.emitWithAck("state")).toMatchObject({ recovered: true, rooms: ["staff"] });
});
