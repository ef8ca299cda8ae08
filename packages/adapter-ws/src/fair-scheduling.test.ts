import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { closeFrame, frame, MODES, start, stopAll, Tcp, until } from "../test/support.js";
import { type FairShare, fairShareOf } from "./fair-scheduling.js";
import { guard, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });
const message = (action: string) => frame(JSON.stringify({ action }));

/** Who was heard when, where one sends many messages at once and another sends one as soon as the first is handled. */
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

describe("one that sends much at once", () => {
  test.each(MODES)("does not keep others waiting until all of it is handled (`%s`)", async (mode) => {
    const heard = await heardWith({}, mode);
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    expect(heard.filter((action) => action === "greedy")).toHaveLength(FLOOD);
  });

  test("has a share handled in one turn, and another in each that follows", async () => {
    const shares: number[] = [];
    let isFirst = true;
    const hear = () => {
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
      onConnection: (socket) =>
        socket.on("message", () => {
          hear();
          // What the application tells itself is no share of the client's.
          socket.emit("heard");
        }),
    });
    const client = new Tcp(port);
    client.knock();
    await client.opened();
    client.socket.write(Buffer.concat(Array.from({ length: 120 }, () => message("say"))));
    await until(() => shares.length === 3);
    expect(shares).toEqual([48, 48, 24]);
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

  test("does where the guard is told to leave that to ws", async () => {
    expect((await heardWith({ fairScheduling: false })).indexOf("patient")).toBe(FLOOD);
  });

  test("is answered in order, and all of it before it leaves", async () => {
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

  test("has nothing handled any more once it is shown out", async () => {
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

describe("the server's own setting", () => {
  test("stays where the guard is told so, and is none of its business until then", () => {
    const wss = new WebSocketServer({ noServer: true });
    expect(() => guard(wss, policy, { fairScheduling: "no" as never })).toThrow(PermissionMisuse);
    expect(wss.options.allowSynchronousEvents).toBe(true);
    guard(wss, policy, { fairScheduling: false });
    expect(wss.options.allowSynchronousEvents).toBe(true);
    const other = new WebSocketServer({ noServer: true });
    guard(other, policy);
    expect(other.options.allowSynchronousEvents).toBe(false);
  });

  test("stays where one message is all that a server hands on in a turn", async () => {
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

describe("what one may have in a turn", () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** One that has more to say than it may. */
  class Greedy {
    readonly receiver = { _allowSynchronousEvents: false };
    readonly turns = fairShareOf({ _receiver: this.receiver } as never) as FairShare;

    /** How many are handed on until ws is told to put off the next. */
    saysAll(): number {
      for (let said = 0; ; said++) {
        if (!this.receiver._allowSynchronousEvents) return said;
        this.turns.take();
      }
    }
  }

  test("is less the more have used up theirs, and as much as before once they are calm", async () => {
    const crowd = Array.from({ length: 10 }, () => new Greedy());
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(48));
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(10).fill(25));
    await turn();
    // One of them goes on alone.
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

  test("is at least two of each, however many there are", async () => {
    const crowd = Array.from({ length: 300 }, () => new Greedy());
    for (const one of crowd) one.saysAll();
    await turn();
    expect(crowd.map((one) => one.saysAll())).toEqual(Array(300).fill(2));
    await turn();
    await turn();
  });

  test("is one, where ws cannot be told anew while it reads", () => {
    for (const receiver of [undefined, {}, { _allowSynchronousEvents: undefined }]) {
      expect(fairShareOf({ _receiver: receiver } as never)).toBeUndefined();
    }
  });
});
