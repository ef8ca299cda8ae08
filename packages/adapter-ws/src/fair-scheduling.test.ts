import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { closeFrame, frame, MODES, start, stopAll, Tcp, until } from "../test/support.js";
import { type FairShare, fairShareOf } from "./fair-scheduling.js";
import { guard, jsonRpc, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });
const message = (action: string) => frame(JSON.stringify({ action }));

/** The order of handling when one client sends a burst, and another sends one message once the first is handled. */
async function heardWith(options: WsGuardOptions, mode: (typeof MODES)[number] = "server"): Promise<string[]> {
  const heard: string[] = [];
  let patient: Tcp | undefined;
  const { port } = await start({
    mode,
    policy,
    options,
    onConnection: (socket) =>
      socket.on("message", (data) => {
        const { action } = JSON.parse(String(data));
        if (heard.push(action) === 1) patient?.socket.write(message("patient"));
      }),
  });
  const greedy = new Tcp(port);
  patient = new Tcp(port);
  for (const client of [greedy, patient]) client.knock();
  await Promise.all([greedy.opened(), patient.opened()]);
  greedy.socket.write(Buffer.concat(Array.from({ length: FLOOD }, () => message("greedy"))));
  await until(() => heard.length === FLOOD + 1);
  return heard;
}

/** The number of frames that the listener gets in each turn of the event loop, until it has all. */
async function sharesOf(frames: readonly Buffer[], options: WsGuardOptions): Promise<number[]> {
  const shares: number[] = [];
  let isFirst = true;
  let count = 0;
  const hear = () => {
    count += 1;
    if (isFirst) {
      isFirst = false;
      shares.push(0);
      setImmediate(() => {
        isFirst = true;
      });
    }
    shares[shares.length - 1] = (shares.at(-1) as number) + 1;
  };
  const { port } = await start({
    policy,
    options,
    onConnection: (socket) =>
      socket.on("message", () => {
        hear();
        // Messages that the application emits itself do not count for the client.
        socket.emit("heard");
      }),
  });
  const client = new Tcp(port);
  client.knock();
  await client.opened();
  client.socket.write(Buffer.concat(frames));
  await until(() => count === frames.length);
  return shares;
}

describe("a client that sends a burst", () => {
  test.each(MODES)("does not delay other clients until it is handled (`%s`)", async (mode) => {
    const heard = await heardWith({}, mode);
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    expect(heard.filter((action) => action === "greedy")).toHaveLength(FLOOD);
  });

  test("has one share handled in each turn", async () => {
    const messages = Array.from({ length: 120 }, () => message("say"));
    expect(await sharesOf(messages, {})).toEqual([48, 48, 24]);
  });

  test("has each request of a frame counted", async () => {
    const batch = Array.from({ length: 10 }, () => ({ jsonrpc: "2.0", method: "say" }));
    const frames = Array.from({ length: 12 }, () => frame(JSON.stringify(batch)));
    expect(await sharesOf(frames, { codec: jsonRpc() })).toEqual([5, 5, 2]);
  });

  test.each([
    ["pings", "ping", 9, 2],
    ["pongs", "pong", 10, 0],
  ] as const)("keeps nobody waiting with %s either", async (_what, event, opcode, bytesOfAnswer) => {
    const heard: string[] = [];
    let patient: Tcp | undefined;
    const { port } = await start({
      policy,
      onConnection: (socket) => {
        socket.on(event, () => {
          if (heard.push(event) === 1) patient?.socket.write(message("patient"));
        });
        socket.on("message", () => heard.push("patient"));
      },
    });
    const greedy = new Tcp(port);
    patient = new Tcp(port);
    for (const client of [greedy, patient]) client.knock();
    await Promise.all([greedy.opened(), patient.opened()]);
    const before = greedy.received.length;
    greedy.socket.write(Buffer.concat(Array.from({ length: FLOOD }, () => frame("", opcode))));
    await until(() => heard.length === FLOOD + 1);
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    await until(() => greedy.received.length === before + bytesOfAnswer * FLOOD);
  });

  test("has its pings and pongs heard with `fairScheduling: false`", async () => {
    const heard: string[] = [];
    const { port } = await start({
      policy,
      options: { fairScheduling: false },
      onConnection: (socket) => {
        for (const event of ["ping", "pong"]) socket.on(event, () => heard.push(event));
      },
    });
    const client = new Tcp(port);
    client.knock(Buffer.concat([frame("", 9), frame("", 10)]));
    await until(() => heard.length === 2);
    expect(heard).toEqual(["ping", "pong"]);
  });

  test("delays other clients with `fairScheduling: false`", async () => {
    expect((await heardWith({ fairScheduling: false })).indexOf("patient")).toBe(FLOOD);
  });

  test("is answered completely and in order before it leaves", async () => {
    const { port, wss } = await start({
      policy,
      onConnection: (socket) => socket.on("message", (data) => socket.send(data)),
    });
    const client = new Tcp(port);
    const sent = Array.from({ length: FLOOD }, (_, n) => JSON.stringify({ action: "say", n }));
    client.knock(Buffer.concat([...sent.map((text) => frame(text)), closeFrame()]));
    await until(() => client.isClosed);
    const answers = client.received.toString().match(/\{"action":"say","n":\d+\}/g);
    expect(answers).toEqual(sent);
    await until(() => wss.clients.size === 0);
  });

  test("has no more messages handled after session.close()", async () => {
    const heard: unknown[] = [];
    const { port, guard: guarded } = await start({
      policy,
      onConnection: (socket) =>
        socket.on("message", (data) => {
          if (heard.push(data) === 3) guarded.sessionOf(socket)?.close();
        }),
    });
    const client = new Tcp(port);
    client.knock(Buffer.concat(Array.from({ length: FLOOD }, () => message("greedy"))));
    await until(() => client.isClosed);
    expect(heard).toHaveLength(3);
  });
});

describe("allowSynchronousEvents of the server", () => {
  test("stays with `fairScheduling: false`, and on a wrong option", () => {
    const wss = new WebSocketServer({ noServer: true });
    expect(() => guard(wss, policy, { fairScheduling: "no" as never })).toThrow(PermissionMisuse);
    expect(wss.options.allowSynchronousEvents).toBe(true);
    guard(wss, policy, { fairScheduling: false });
    expect(wss.options.allowSynchronousEvents).toBe(true);
    const other = new WebSocketServer({ noServer: true });
    guard(other, policy);
    expect(other.options.allowSynchronousEvents).toBe(false);
  });

  test("stays false when the server has set it", async () => {
    const heard: unknown[] = [];
    const { port } = await start({
      policy,
      server: { allowSynchronousEvents: false },
      onConnection: (socket) => {
        socket.on("message", (data) => {
          if (heard.push(data) === 1) setImmediate(() => heard.push("turn"));
        });
      },
    });
    const client = new Tcp(port);
    client.knock(Buffer.concat([message("say"), message("say")]));
    await until(() => heard.length === 3);
    expect(heard[1]).toBe("turn");
  });
});

describe("the share of a client", () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** A client that sends more than its share. */
  class Greedy {
    readonly receiver = { _allowSynchronousEvents: false };
    readonly turns = fairShareOf({ _receiver: this.receiver } as never) as FairShare;

    /** Number of frames until ws has to defer the next. */
    saysAll(): number {
      for (let said = 0; ; said++) {
        if (!this.receiver._allowSynchronousEvents) return said;
        this.turns.take();
      }
    }
  }

  test("shrinks with the number of busy clients, and recovers", async () => {
    const crowd = Array.from({ length: 10 }, () => new Greedy());
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(48));
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(25));
    await turn();
    // One of them continues alone.
    expect(crowd[0]?.saysAll()).toBe(25);
    await turn();
    expect(crowd[0]?.saysAll()).toBe(48);
    await turn();
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(48));
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(25));
    await turn();
    await turn();
  });

  test("is at least two, however many clients are busy", async () => {
    const crowd = Array.from({ length: 300 }, () => new Greedy());
    for (const one of crowd) one.saysAll();
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(300).fill(2));
    await turn();
    await turn();
  });

  test("is undefined when ws has no setting to change", () => {
    for (const receiver of [undefined, {}, { _allowSynchronousEvents: undefined }]) {
      expect(fairShareOf({ _receiver: receiver } as never)).toBeUndefined();
    }
  });
});
