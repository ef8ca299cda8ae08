import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { listen, open, Raw, sleep, stopAll, until } from "../test/support.js";
import { guard, type SocketGuardOptions } from "./index.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });

/** Who was heard when, where one sends many events at once and another sends one as soon as the first is handled. */
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
    expect((await heardWith(guardWith({ turns: false }))).indexOf("patient")).toBe(FLOOD);
  });

  test("does not where one guard of several wants turns", async () => {
    const heard = await heardWith((io) => {
      guard(io, policy, { turns: false });
      guard(io.of("/admin"), policy);
    });
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
  });
});

describe("one that sends much at once, and leaves", () => {
  /** What was heard of it until it was gone. */
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
  expect(() => guard(new Server(), policy, { turns: 1 as never })).toThrow(PermissionMisuse);
});
