import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { deferred, gatedRule, listen, open, Raw, type Running, sleep, stopAll, until } from "../test/support.js";
import { ReadControl } from "./engine/fair-scheduling.js";
import { ReadPause } from "./engine/read-pause.js";
import { guard, type PolicyFor, type SocketGuardOptions } from "./index.js";

afterEach(stopAll);

const nextTurn = permission("next turn", async () => {
  await new Promise(setImmediate);
  return true;
});

/** A server that records the events it receives. */
async function noting(
  policy: PolicyFor<never> = definePolicy({ permissions: nextTurn }),
  options: SocketGuardOptions = {},
) {
  const handled: unknown[] = [];
  const server = await listen((io) => {
    guard(io, policy as PolicyFor<unknown>, options);
    io.on("connection", (socket) => socket.onAny((event, n) => void handled.push(event === "say" ? n : event)));
  });
  return { ...server, handled };
}

const burst = (count: number) => Array.from({ length: count }, (_, n) => `42["say",${n},"a few more bytes"]`);
const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Sends packets in one chunk. */
function flood({ socket }: Raw, packets: readonly string[]): void {
  const { _socket: tcp } = socket as unknown as { _socket: { cork(): void; uncork(): void } };
  tcp.cork();
  for (const packet of packets) socket.send(packet);
  tcp.uncork();
}

async function enter(server: Running): Promise<Raw> {
  const raw = new Raw(server);
  await raw.send("40");
  await until(() => raw.received.length === 2);
  return raw;
}

describe("many events at once", () => {
  test.each(["websocket", "polling"] as const)("are all handled in order: 1,000 over %s", async (transport) => {
    const server = await noting();
    const client = await open(server, "/", { transports: [transport] });
    for (let n = 0; n < 1000; n++) client.emit("say", n, "a few more bytes");
    await until(() => server.handled.length === 1000);
    expect(server.handled).toEqual(range(1000));
    expect(client.connected).toBe(true);
  });

  test.each(["websocket", "polling"] as const)(
    "are all handled after a client reconnects, over %s",
    async (transport) => {
      const server = await noting();
      const client = await open(server, "/", { transports: [transport] });
      client.disconnect();
      for (let n = 0; n < 300; n++) client.emit("say", n);
      client.connect();
      await until(() => server.handled.length === 300);
      expect(server.handled).toEqual(range(300));
    },
  );

  test.each([
    [300, 4_000],
    [100, 9_000],
    [20, 100_000],
  ])("are all acknowledged over polling: %i of %i bytes", async (count, size) => {
    const server = await listen((io) => {
      guard(io, definePolicy({ permissions: nextTurn }));
      io.on("connection", (socket) =>
        socket.on("say", (n: number, _text: string, done: (n: number) => void) => done(n)),
      );
    });
    const client = await open(server, "/", { transports: ["polling"] });
    client.disconnect();
    const text = "x".repeat(size);
    const answers: unknown[] = [];
    for (const n of range(count)) client.emit("say", n, text, (answer: unknown) => answers.push(answer));
    client.connect();
    await until(() => answers.length === count);
    expect(answers).toEqual(range(count));
  });

  test("delay the POST response while the queue is half full", async () => {
    const first = deferred<boolean>();
    let asked = 0;
    const gate = permission("gate", () => (++asked === 1 ? first.promise : true));
    const server = await noting(definePolicy({ permissions: gate }), { limits: { pendingMessages: 20 } });
    const client = await open(server, "/", { transports: ["polling"] });
    for (const n of range(15)) client.emit("say", n);
    await until(() => asked === 1);
    await sleep(30);
    for (const n of range(15)) client.emit("say", 15 + n);
    await sleep(30);
    expect(server.handled).toEqual([]);
    first.resolve(true);
    await until(() => server.handled.length === 30);
    expect(server.handled).toEqual(range(30));
  });

  test("are read on as queued ones are decided", async () => {
    const first = deferred<boolean>();
    let asked = 0;
    const gate = permission("gate", () => (++asked === 1 ? first.promise : true));
    const server = await noting(definePolicy({ permissions: gate }), { limits: { pendingMessages: 20 } });
    const raw = await enter(server);
    flood(raw, burst(200));
    await until(() => asked === 1);
    await sleep(30);
    expect([server.handled, raw.received.length]).toEqual([[], 2]);
    first.resolve(true);
    await until(() => server.handled.length === 200);
    expect(server.handled).toEqual(range(200));
    expect(raw.received).toHaveLength(2);
  });

  test("are read on after half of `pingTimeout` for acknowledgements", async () => {
    const acknowledged: unknown[] = [];
    const server = await listen(
      (io) => {
        guard(io, definePolicy({ permissions: gatedRule().rule }), { limits: { pendingMessages: 20 } });
        io.on("connection", (socket) => {
          socket.emit("question", (answer: unknown) => acknowledged.push(answer));
        });
      },
      { pingTimeout: 60 },
    );
    const raw = new Raw(server);
    await raw.send("40");
    await until(() => raw.received.length === 3);
    flood(raw, [...burst(15), '430["answer"]']);
    await until(() => acknowledged.length === 1);
    expect(acknowledged).toEqual(["answer"]);
  });
});

describe("a client that is held back", () => {
  const held = (patience: number) => {
    const states: string[] = [];
    const socket = { emit: () => true, pause: () => states.push("pause"), resume: () => states.push("resume") };
    const connection = {
      transport: { name: "websocket", socket },
      server: { opts: { pingTimeout: 2 * patience } },
    } as never;
    return { states, crowd: new ReadPause(connection, new ReadControl(connection, true)) };
  };
  const [a, b] = [{}, {}];

  test("is read again once none of its sockets is crowded", () => {
    const { states, crowd } = held(60_000);
    crowd.update(a, true);
    crowd.update(b, true);
    crowd.update(a, false);
    expect(states).toEqual(["pause"]);
    crowd.update(b, false);
    expect(states).toEqual(["pause", "resume"]);
  });

  test("is read after the timeout, and paused again after calm", async () => {
    const { states, crowd } = held(1);
    crowd.update(a, true);
    await until(() => states.length === 2);
    crowd.update(b, true);
    crowd.update(a, false);
    crowd.update(b, false);
    expect(states).toEqual(["pause", "resume"]);
    crowd.update(a, true);
    expect(states).toEqual(["pause", "resume", "pause"]);
    crowd.update(a, false);
  });
});

test("a flooding client is paused, and the others are served", async () => {
  const { rule } = gatedRule();
  const server = await noting(definePolicy({ actions: { say: rule, ping: AllowAny } }));
  const raw = await enter(server);
  flood(raw, burst(1000));
  const client = await open(server);
  client.emit("ping");
  await until(() => server.handled.length === 1);
  expect(server.handled).toEqual(["ping"]);
});
