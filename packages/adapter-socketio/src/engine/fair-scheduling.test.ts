import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { listen, open, Raw, sleep, stopAll, until } from "../../test/support.js";
import { guard, type SocketGuardOptions } from "../index.js";
import { CROWDED, NOT_READING, ReadControl } from "./fair-scheduling.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });

/**
 * The order in which events of two clients arrive. One client sends many at once, the other sends one as soon as the
 * first is handled.
 */
async function heardWith(prepare: (io: Server) => void): Promise<string[]> {
  const heard: string[] = [];
  let answerFirst = () => {};
  const server = await listen((io) => {
    prepare(io);
    io.on("connection", (socket) =>
      socket.onAny((event) => {
        if (heard.push(event) === 1) answerFirst();
      }),
    );
  });
  const [greedy, patient] = [new Raw(server), new Raw(server)];
  await Promise.all([greedy.send("40"), patient.send("40")]);
  await until(() => [greedy, patient].every(({ received }) => received.length === 2));
  answerFirst = () => patient.socket.send('42["patient"]');
  const { _socket: tcp } = greedy.socket as unknown as { _socket: { cork(): void; uncork(): void } };
  tcp.cork();
  for (let n = 0; n < FLOOD; n++) greedy.socket.send('42["greedy"]');
  tcp.uncork();
  await until(() => heard.length === FLOOD + 1);
  return heard;
}

const guardWith = (options: SocketGuardOptions) => (io: Server) => void guard(io, policy, options);

describe("one that sends much at once", () => {
  test("does not keep others waiting until all of it is handled", async () => {
    const heard = await heardWith(guardWith({}));
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    expect(heard.filter((event) => event === "greedy")).toHaveLength(FLOOD);
  });

  test("does where no guard wants turns", async () => {
    expect((await heardWith(guardWith({ fairScheduling: false }))).indexOf("patient")).toBe(FLOOD);
  });

  test("does not where one guard of several wants turns", async () => {
    const heard = await heardWith((io) => {
      guard(io, policy, { fairScheduling: false });
      guard(io.of("/admin"), policy);
    });
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
  });
});

describe("one that sends much at once, and leaves", () => {
  /** The events received from a client until it is gone. */
  async function heardUntilGone(leave: (greedy: WebSocket) => void) {
    const heard: string[] = [];
    let reset = () => {};
    const server = await listen((io) => {
      guard(io, policy);
      io.on("connection", (socket) => {
        socket.onAny((event) => {
          if (heard.push(event) === 1) reset();
        });
        socket.on("disconnect", (reason) => heard.push(reason));
      });
    });
    const greedy = new Raw(server);
    await greedy.send("40");
    await until(() => greedy.received.length === 2);
    const { _socket: tcp } = greedy.socket as unknown as { _socket: { cork(): void; uncork(): void } };
    reset = () => leave(greedy.socket);
    tcp.cork();
    for (let n = 0; n < FLOOD; n++) greedy.socket.send('42["greedy"]');
    tcp.uncork();
    await until(() => heard.at(-1) === "transport close" || heard.at(-1) === "transport error");
    await sleep(20);
    expect(heard.slice(-1)).not.toEqual(["greedy"]);
    expect(server.io.sockets.sockets.size).toBe(0);
    return heard.length - 1;
  }

  test("in an orderly way: all of it is handled before", async () => {
    expect(await heardUntilGone((socket) => socket.close())).toBe(FLOOD);
  });

  test("without a word: what is left is not handled any more", async () => {
    expect(await heardUntilGone((socket) => socket.terminate())).toBeLessThan(FLOOD);
  });
});

test("clients that begin with polling take turns once they are upgraded", async () => {
  const heard: string[] = [];
  let next = () => {};
  const server = await listen((io) => {
    guard(io, policy);
    io.on("connection", (socket) =>
      socket.onAny((event) => {
        if (heard.push(event) === 1) next();
      }),
    );
  });
  const patient = await open(server);
  const greedy = await open(server, "/", { transports: ["polling", "websocket"] });
  const { engine } = greedy.io as unknown as { engine: { transport: { name: string; ws: object } } };
  await until(() => engine.transport.name === "websocket");
  next = () => patient.emit("patient");
  const { _socket: tcp } = engine.transport.ws as { _socket: { cork(): void; uncork(): void } };
  tcp.cork();
  for (let n = 0; n < FLOOD; n++) greedy.emit("greedy");
  await new Promise((resolve) => setImmediate(resolve));
  tcp.uncork();
  await until(() => heard.length === FLOOD + 1);
  expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
});

test("what is neither true nor false is a misuse", () => {
  expect(() => guard(new Server(), policy, { fairScheduling: 1 as never })).toThrow(PermissionMisuse);
});

/** A fake WebSocket of ws, whose events are emitted by hand, one turn of the event loop at a time. */
class Line {
  readonly heard: unknown[] = [];
  readonly states: string[] = [];
  /** Called with each event that is heard. */
  whenHeard = () => {};
  readonly socket = {
    emit: (...emitted: unknown[]) => {
      this.heard.push(emitted.length > 1 ? emitted[1] : emitted[0]);
      this.whenHeard();
      return true;
    },
    pause: () => void this.states.push("pause"),
    resume: () => void this.states.push("resume"),
  };

  readonly reading: ReadControl;

  constructor(isShared = true) {
    this.reading = new ReadControl({ transport: { name: "websocket", socket: this.socket } } as never, isShared);
  }

  say(...messages: number[]): void {
    for (const message of messages) this.socket.emit("message", message);
  }

  /** The events received since the last call. */
  take(): unknown[] {
    return this.heard.splice(0);
  }
}

describe("turn by turn", () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  test("16 messages are emitted at once, then 2 per tick", async () => {
    const line = new Line();
    line.say(...range(0, 21));
    expect(line.take()).toEqual(range(0, 16));
    expect(line.states).toEqual(["pause"]);
    await turn();
    expect(line.take()).toEqual([16, 17]);
    line.say(21);
    expect(line.take()).toEqual([]);
    await turn();
    expect(line.take()).toEqual([18, 19]);
    expect(line.states).toEqual(["pause"]);
    await turn();
    expect(line.take()).toEqual([20, 21]);
    expect(line.states).toEqual(["pause", "resume"]);
    await turn();
    line.say(...range(22, 38));
    expect(line.take()).toEqual(range(22, 38));
    expect(line.states).toEqual(["pause", "resume"]);
  });

  test("`emit` returns true for every message, now or later", () => {
    const line = new Line();
    const told = range(0, 20).map((message) => line.socket.emit("message", message));
    expect(told).toEqual(Array(20).fill(true));
  });

  test("what comes in several turns is no flood", async () => {
    const line = new Line();
    for (let from = 0; from < 30; from += 10) {
      line.say(...range(from, from + 10));
      expect(line.take()).toEqual(range(from, from + 10));
      await turn();
      await turn();
    }
    expect(line.states).toEqual([]);
  });

  test("one share is given in a tick, however many messages come", async () => {
    const line = new Line();
    line.say(0);
    setImmediate(() => line.say(...range(2, 18)));
    line.say(1);
    setImmediate(() => line.say(18));
    await turn();
    expect([line.take(), line.states]).toEqual([range(0, 18), ["pause"]]);
    await turn();
    expect(line.take()).toEqual([18]);
  });

  test("an orderly end is told behind what came before it", async () => {
    const line = new Line();
    line.say(...range(0, 17));
    line.take();
    expect(line.socket.emit("close", 1000)).toBe(true);
    expect(line.take()).toEqual([]);
    await turn();
    expect(line.take()).toEqual([16, 1000]);
  });

  test.each([
    ["close", 1006],
    ["error", "reset"],
  ])("buffered messages are dropped at an abnormal end (%s)", async (event, value) => {
    const line = new Line();
    line.say(...range(0, 20));
    line.take();
    line.socket.emit(event, value);
    expect(line.take()).toEqual([value]);
    await turn();
    await turn();
    expect(line.take()).toEqual([]);
  });

  test("all else is told at once", async () => {
    const line = new Line();
    line.socket.emit("close", 1000);
    expect(line.take()).toEqual([1000]);
    line.say(...range(0, 17));
    line.take();
    line.socket.emit("pong", "data");
    expect(line.take()).toEqual(["data"]);
    await turn();
    expect(line.take()).toEqual([16]);
  });

  test("nothing is emitted while any reason for a pause remains", async () => {
    const line = new Line();
    line.say(...range(0, 18));
    line.take();
    line.reading.pauseReading(CROWDED);
    line.say(18);
    for (let n = 0; n < 3; n++) await turn();
    expect([line.take(), line.states.includes("resume")]).toEqual([[], false]);
    line.reading.resumeReading(CROWDED);
    await turn();
    expect(line.take()).toEqual([16, 17]);
    await turn();
    expect([line.take(), line.states.at(-1)]).toEqual([[18], "resume"]);
  });

  test("a pause during the last buffered message lasts", async () => {
    const line = new Line();
    line.say(...range(0, 17));
    line.whenHeard = () => line.reading.pauseReading(CROWDED);
    await turn();
    expect([line.take(), line.states]).toEqual([range(0, 17), ["pause", "pause"]]);
    line.reading.resumeReading(CROWDED);
    expect(line.states).toEqual(["pause", "pause", "resume"]);
  });

  test("it is read again once the last reason is gone", () => {
    const line = new Line();
    line.reading.resumeReading(CROWDED);
    line.reading.pauseReading(CROWDED);
    line.reading.pauseReading(NOT_READING);
    line.reading.resumeReading(CROWDED);
    expect(line.states).toEqual(["pause"]);
    line.reading.resumeReading(NOT_READING);
    line.reading.resumeReading(CROWDED);
    expect(line.states).toEqual(["pause", "resume"]);
  });

  test("it is read again at once where nothing has come meanwhile", () => {
    const line = new Line();
    line.reading.pauseReading(CROWDED);
    line.reading.resumeReading(CROWDED);
    expect(line.states).toEqual(["pause", "resume"]);
    line.say(1);
    expect(line.take()).toEqual([1]);
  });

  test("messages paused within a tick wait for the resume", async () => {
    const line = new Line();
    line.say(...range(0, 17));
    line.take();
    line.reading.pauseReading(CROWDED);
    line.reading.resumeReading(CROWDED);
    line.reading.pauseReading(CROWDED);
    await turn();
    expect(line.take()).toEqual([]);
    line.reading.resumeReading(CROWDED);
    await turn();
    expect([line.take(), line.states.at(-1)]).toEqual([[16], "resume"]);
  });

  test("without turns all is delivered at once, unless it is held", async () => {
    const line = new Line(false);
    line.say(...range(0, 100));
    expect(line.take()).toHaveLength(100);
    line.reading.pauseReading(CROWDED);
    line.say(100);
    expect(line.take()).toEqual([]);
    line.reading.resumeReading(CROWDED);
    await turn();
    expect(line.take()).toEqual([100]);
  });

  test("a connection paused before its upgrade stays paused", async () => {
    const line = new Line();
    const { socket } = line;
    let upgrade = () => {};
    const transport = { name: "polling", socket: undefined as unknown };
    const once = (_event: string, listener: () => void) => {
      upgrade = listener;
    };
    const connection = { transport, once };
    const reading = new ReadControl(connection as never, true);
    reading.pauseReading(CROWDED);
    transport.socket = socket;
    upgrade();
    expect(line.states).toEqual(["pause"]);
    reading.resumeReading(CROWDED);
    expect(line.states).toEqual(["pause", "resume"]);
  });

  test("a transport that cannot pause is left alone", () => {
    for (const socket of [undefined, { emit: () => true }, { emit: () => true, pause() {} }]) {
      const emit = socket?.emit;
      new ReadControl({ transport: { name: "websocket", socket } } as never, true);
      expect(socket?.emit).toBe(emit);
    }
  });
});
