import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { AllowAny, definePolicy } from "@portcullis/core";
import { Server, type Socket } from "socket.io";
import { type Socket as ClientSocket, io as connectTo } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { guard } from "../src/index.js";

type Transport = "polling" | "websocket";

/** The offset that socket.io adds to a broadcast for resumption. It depends on the time. */
const OFFSET = /'[\w-]{7}(\.\w+)?'$/;

/** Everything that an application sees and does, in order, on the server and on each client. */
class Recording {
  readonly lines: string[] = [];
  readonly #names = new Map<string, string>();

  /** Ids are random, so they are recorded by the name of their owner. */
  name(id: string, name: string): void {
    this.#names.set(id, name);
  }

  note(who: string, what: string, ...values: unknown[]): void {
    const texts = values.map((value) => inspect(value, { depth: 9, breakLength: Number.POSITIVE_INFINITY }));
    let line = [`${who}: ${what}`, ...texts].join(" ");
    for (const [id, name] of this.#names) line = line.replaceAll(id, name);
    this.lines.push(line.replace(OFFSET, "an offset"));
  }

  /** Records an event, and the point at which the microtasks after it run. */
  noteTurn(who: string, what: string, ...values: unknown[]): void {
    this.note(who, what, ...values);
    queueMicrotask(() => this.note(who, `microtask after ${what}`));
  }

  /** The records of one party. The server counts as two: listeners of each event, and listeners of all events. */
  of(who: string): string[] {
    return this.lines.filter((line) => line.startsWith(`${who}:`));
  }
}

/** An application without rules. */
function runApplication(io: Server, recording: Recording): void {
  const who = "server";
  // Listeners of all events run before the listeners of one event. The second of two events that arrive together is
  // decided after the listeners of the first have run. So the order of the two kinds of listeners differs.
  const all = "server, of all events";
  const listen = (socket: Socket) => {
    recording.name(socket.id, String(socket.handshake.auth.name));
    recording.noteTurn(
      who,
      "connection",
      socket.nsp.name,
      socket.recovered,
      [...socket.rooms],
      socket.handshake.query.x,
    );
    socket.use(([event, ...values], next) => {
      recording.note(all, "socket.use", event, values.length);
      if (event === "vetoed") next(new Error("the application says no"));
      else next();
    });
    socket.onAny((event, ...values) => recording.note(all, "onAny", event, ...values));
    socket.prependAny((event) => recording.note(all, "prependAny", event));
    socket.onAnyOutgoing((event, ...values) => recording.note(who, "onAnyOutgoing", event, ...values));
    socket.on("error", ({ message }) => recording.note(who, "error", message));
    socket.on("disconnecting", (reason) => recording.note(who, "disconnecting", reason, [...socket.rooms]));
    socket.on("disconnect", (reason) => recording.note(who, "disconnect", reason));
    socket.on("join", async (room: string, done: (...values: unknown[]) => void) => {
      await socket.join(room);
      recording.note(who, "joined", [...socket.rooms]);
      done({ rooms: [...socket.rooms] }, 1, null);
    });
    socket.on("say", (room: string, text: unknown, ...more: unknown[]) => {
      recording.noteTurn(who, "say", room, text, ...more);
      socket.to(room).emit("said", text, { from: socket.id });
    });
    socket.on("binary", (first: Buffer, second: unknown, done: (...values: unknown[]) => void) => {
      recording.noteTurn(who, "binary", first, second, Buffer.isBuffer(first));
      done(Buffer.concat([first, Buffer.from([255])]), { nested: first });
    });
    socket.once("once", (value) => recording.noteTurn(who, "once", value));
    socket.on("twice", (done) => {
      done("first");
      done("second");
    });
    socket.on("ask back", async (done) => done(await socket.timeout(2000).emitWithAck("question", 42)));
    socket.on("leave me", () => socket.disconnect());
  };
  io.use((socket, next) => {
    recording.noteTurn(who, "io.use", socket.handshake.auth.name);
    if (socket.handshake.auth.name === "mallory") next(Object.assign(new Error("not you"), { data: { why: "name" } }));
    else next();
  });
  io.engine.use((_request: unknown, _response: unknown, next: () => void) => next());
  for (const namespace of [io, io.of("/admin"), io.of(/^\/tenant-\d+$/)]) namespace.on("connection", listen);
  io.of("/admin").use((socket, next) => {
    recording.note(who, "admin.use", socket.handshake.auth.name);
    next();
  });
}

/** One client whose events are recorded. */
function client(url: string, transport: Transport, recording: Recording, name: string): ClientSocket {
  const socket = connectTo(url, {
    transports: [transport],
    forceNew: true,
    auth: { name },
    query: { x: "1" },
    reconnectionDelay: 10,
    randomizationFactor: 0,
  });
  socket.on("connect", () => {
    recording.name(socket.id as string, name);
    recording.note(name, "connect", socket.recovered);
  });
  socket.on("connect_error", (error) =>
    recording.note(name, "connect_error", error.message, (error as never as { data: unknown }).data),
  );
  socket.on("disconnect", (reason) => recording.note(name, "disconnect", reason));
  socket.onAny((event, ...values) => {
    if (event !== "question") recording.note(name, "heard", event, ...values);
  });
  socket.on("question", (value, done) => done(`answer to ${value}`));
  return socket;
}

const connected = (socket: ClientSocket) =>
  new Promise<void>((resolve) => {
    if (socket.connected) resolve();
    else socket.once("connect", () => resolve());
  });
const refused = (socket: ClientSocket) => new Promise((resolve) => socket.once("connect_error", resolve));
const gone = (socket: ClientSocket) => new Promise((resolve) => socket.once("disconnect", resolve));

/** Runs the same scenario on a server with or without a guard. */
async function play(transport: Transport, isGuarded: boolean, recovery: object): Promise<Recording> {
  const recording = new Recording();
  const http = createServer();
  const io = new Server(http, { connectionStateRecovery: recovery });
  if (isGuarded) guard(io, definePolicy({ connect: AllowAny, permissions: AllowAny }));
  runApplication(io, recording);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  try {
    await story(url, transport, recording, io);
  } finally {
    await io.close();
  }
  return recording;
}

async function story(url: string, transport: Transport, recording: Recording, io: Server): Promise<void> {
  const say = (who: string, values: unknown) => recording.note(who, "was answered", values);
  const ann = client(url, transport, recording, "ann");
  await connected(ann);
  const bob = client(url, transport, recording, "bob");
  await connected(bob);
  for (const [name, socket] of [
    ["ann", ann],
    ["bob", bob],
  ] as const) {
    socket.emit("join", "lobby", (...values: unknown[]) => say(name, values));
    say(name, await socket.emitWithAck("join", "second"));
  }
  ann.emit("say", "lobby", "hello", undefined, null, 7, [1, { deep: ["x"] }]);
  ann.volatile.emit("say", "lobby", { volatile: true });
  ann.emit("vetoed", 1);
  ann.emit("nobody listens", { a: 1 });
  ann.emit("once", 1);
  ann.emit("once", 2);
  ann.emit("say", "lobby", { ["__proto__"]: 1, constructor: 2 });
  say("ann", await ann.emitWithAck("binary", Buffer.from([1, 2, 3]), { list: [Buffer.from("x")], text: "é" }));
  ann.emit("twice", (value: unknown) => say("ann", value));
  say("ann", await ann.timeout(2000).emitWithAck("ask back"));
  say(
    "ann",
    await ann
      .timeout(150)
      .emitWithAck("nobody answers")
      .catch((error: Error) => error.message),
  );

  const mallory = client(url, transport, recording, "mallory");
  await refused(mallory);
  mallory.close();

  const eve = client(`${url}/admin`, transport, recording, "eve");
  await connected(eve);
  say("eve", await eve.emitWithAck("join", "staff"));
  eve.close();
  const tim = client(`${url}/tenant-7`, transport, recording, "tim");
  await connected(tim);
  say("tim", await tim.emitWithAck("binary", Buffer.from("t"), 1));
  const none = client(`${url}/nowhere`, transport, recording, "none");
  await refused(none);
  none.close();
  io.of("/tenant-7").disconnectSockets(true);
  await gone(tim);
  tim.close();

  // Bob loses the connection, misses messages, and returns to his rooms.
  const lost = gone(bob);
  bob.io.engine.close();
  await lost;
  io.to("lobby").emit("missed", "while away");
  await connected(bob);
  say("bob", await bob.emitWithAck("join", "third"));
  io.to("lobby").emit("news", "for all");
  say("ann", await ann.emitWithAck("join", "lobby"));

  const left = gone(bob);
  bob.emit("leave me");
  await left;
  bob.close();
  const over = gone(ann);
  ann.close();
  await over;
  await io.fetchSockets();
}

const WHO = ["server", "server, of all events", "ann", "bob", "eve", "tim", "mallory", "none"];

describe.each<Transport>(["polling", "websocket"])(
  "an application behind a guard that allows all, by %s",
  (transport) => {
    it("sees and says the same", async () => {
      const bare = await play(transport, false, { skipMiddlewares: false });
      const guarded = await play(transport, true, { skipMiddlewares: false });
      for (const who of WHO) {
        expect(bare.of(who).length, who).toBeGreaterThan(0);
        expect(guarded.of(who)).toEqual(bare.of(who));
      }
      expect(bare.of("bob")).toContain("bob: connect true");
    });

    it("also with `skipMiddlewares`, except that the middlewares run", async () => {
      const bare = await play(transport, false, { skipMiddlewares: true });
      const guarded = await play(transport, true, { skipMiddlewares: true });
      for (const who of WHO) {
        const again = guarded.of(who).lastIndexOf("server: io.use 'bob'");
        const seen = guarded.of(who).filter((_, at) => again < 0 || at < again || at > again + 1);
        expect(seen).toEqual(bare.of(who));
      }
      expect(bare.of("bob")).toContain("bob: connect true");
      expect(guarded.of("server").filter((line) => line === "server: io.use 'bob'")).toHaveLength(2);
    });
  },
);
