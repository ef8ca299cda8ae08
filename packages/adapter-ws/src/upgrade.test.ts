import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, type WebSocketServer } from "ws";
import { Client, deferred, knock, sleep, start, stopAll, Tcp, uncaughtOf, until } from "../test/support.js";
import type { Answer } from "./refuse.js";
import type { VerifyClient } from "./upgrade.js";

afterEach(stopAll);

const open = definePolicy({ permissions: AllowAny });

/** Starts a server that has a `verifyClient` of its own. */
function startVerifying(verifyClient: VerifyClient, events: DecisionEvent[] = []) {
  const asked: string[] = [];
  const policy = definePolicy({
    connect: permission("connect", { connect: () => asked.push("rule") > 0 }),
    permissions: AllowAny,
  });
  const options = { onDecision: (event: DecisionEvent) => void events.push(event) };
  const server = { verifyClient: verifyClient as never };
  return start({ policy, options, server }).then((running) => ({ ...running, asked }));
}

describe("a server's own verifyClient", () => {
  const yes: [string, VerifyClient][] = [
    ["sync", () => true],
    ["sync, truthy", () => 1],
    ["sync with one parameter", ({ req }) => req.method === "GET"],
    ["with a callback", (_info, answer) => answer?.(true)],
    ["with a callback, later", (_info, answer) => setTimeout(() => answer?.(true), 2)],
    ["with a callback, async", async (_info, answer) => answer?.(true)],
    ["a promise", async () => true],
  ];
  test.each(yes)("that accepts leaves the decision to the rules: %s", async (_how, verifyClient) => {
    const { url, handled, asked } = await startVerifying(verifyClient);
    const client = await Client.open(url);
    client.send({ action: "ping" });
    await until(() => handled.length === 1);
    expect(asked).toEqual(["rule"]);
  });

  const no: [string, VerifyClient][] = [
    ["sync", () => false],
    ["sync, nothing", () => undefined],
    ["with a callback", (_info, answer) => answer?.(false)],
    ["a promise of false", async () => false],
  ];
  test.each(no)("that refuses skips the rules: %s", async (_how, verifyClient) => {
    const { port, asked } = await startVerifying(verifyClient);
    expect(await knock(port)).toMatchObject({ status: 401, body: "Unauthorized" });
    expect(asked).toEqual([]);
  });

  test("keeps its status, message and headers", async () => {
    const { port } = await startVerifying((_info, answer) => answer?.(false, 402, "Pay", { "X-Price": "5" }));
    expect(await knock(port)).toMatchObject({ status: 402, body: "Pay", headers: { "x-price": "5" } });
  });

  test("is called as ws calls it", async () => {
    const seen: unknown[] = [];
    const { url, wss } = await startVerifying(function (this: unknown, info) {
      seen.push(this, info.origin, info.secure);
      return true;
    });
    await Client.open(url, { origin: url.replace("ws", "http").slice(0, -1) });
    expect(seen).toEqual([wss.options, url.replace("ws", "http").slice(0, -1), false]);
  });

  test("that throws for a client that has left is reported", async () => {
    const events: DecisionEvent[] = [];
    const { port } = await startVerifying(({ req }) => {
      req.socket.destroy();
      throw new Error("broken");
    }, events);
    await knock(port).catch(() => undefined);
    await until(() => events.length > 0);
    expect(events.map(({ decision }) => [decision.by, decision.error])).toEqual([
      ["verifyClient", new Error("broken")],
    ]);
  });

  const failing: [string, VerifyClient][] = [
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "throws with a callback",
      (_info, _answer) => {
        throw new Error("broken");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("broken");
      },
    ],
    [
      "rejects with a callback",
      async (_info, _answer) => {
        throw new Error("broken");
      },
    ],
  ];
  test.each(failing)("that %s refuses with 500, and is reported", async (_how, verifyClient) => {
    const events: DecisionEvent[] = [];
    const { port, asked } = await startVerifying(verifyClient, events);
    const refused = await knock(port);
    expect(refused.status).toBe(500);
    expect(refused.body).not.toContain("broken");
    expect(asked).toEqual([]);
    expect(events).toMatchObject([
      {
        phase: "connect",
        action: "connect",
        decision: { code: "permission_error", by: "verifyClient" },
        scope: { user: null, transport: "ws", path: "/" },
        consumer: { transport: "ws" },
        session: undefined,
      },
    ]);
    expect(events[0]?.decision.error).toEqual(new Error("broken"));
  });

  test("counts once, however often it answers", async () => {
    const { url, sockets } = await startVerifying((_info, answer) => {
      answer?.(true);
      answer?.(true);
      answer?.(false);
    });
    const client = await Client.open(url);
    await sleep(10);
    expect(client.closed).toBeUndefined();
    expect(sockets).toHaveLength(1);
  });

  test("is applied synchronously when it answers synchronously", async () => {
    const { wss } = await startVerifying(() => true);
    const answers: boolean[] = [];
    const socket = Object.assign(new PassThrough(), { remoteAddress: "x" });
    const info = { req: { headers: {}, url: "/", socket }, origin: "", secure: false };
    (wss.options.verifyClient as unknown as (info: unknown, answer: (is: boolean) => void) => void)(info, (is) => {
      answers.push(is);
    });
    expect(answers).toEqual([true]);
  });

  test("that accepts and then throws has accepted; its error surfaces", () =>
    uncaughtOf(async (thrown) => {
      const { url, handled } = await startVerifying((_info, answer) => {
        answer?.(true);
        throw new Error("after");
      });
      const client = await Client.open(url);
      await until(() => thrown.length === 1);
      expect(thrown).toEqual([new Error("after")]);
      client.send({ action: "ping" });
      await until(() => handled.length === 1);
      expect(client.closed).toBeUndefined();
    }));

  test("that throws and then accepts has thrown", async () => {
    const { port, asked, sockets } = await startVerifying((_info, answer) => {
      queueMicrotask(() => answer?.(true));
      throw new Error("before");
    });
    expect((await knock(port)).status).toBe(500);
    expect([asked, sockets]).toEqual([[], []]);
  });

  const late: [string, (answer: Answer, reject: (error: Error) => void) => void][] = [
    ["yes", (answer) => answer(true)],
    ["no", (answer) => answer(false)],
    ["with an error", (_answer, reject) => reject(new Error("broken"))],
  ];
  test.each(late)("that answers %s after the client left sends nothing", async (_what, say) => {
    const asking = deferred<() => void>();
    const { port, asked, sockets, http } = await startVerifying(
      (_info, answer) =>
        new Promise((_resolve, reject) => asking.resolve(() => say(answer as Answer, reject))) as unknown,
    );
    const ended = new Promise((resolve) => http?.once("connection", (socket: Socket) => socket.once("end", resolve)));
    const tcp = new Tcp(port, true);
    tcp.knock();
    const saying = await asking.promise;
    tcp.socket.end();
    await ended;
    saying();
    await until(() => tcp.isClosed);
    expect([asked, sockets, tcp.received.length]).toEqual([[], [], 0]);
  });
});

describe("a server's own WebSocket class", () => {
  /** Adds listeners in its constructor, before that of the guard's subclass runs. */
  class Application extends WebSocket {
    readonly seen: string[] = [];
    readonly pongs: number[] = [];
    constructor(...values: ConstructorParameters<typeof WebSocket>) {
      super(...values);
      this.on("message", (data) => void this.seen.push(String(data)));
      this.on("pong", () => void this.pongs.push(1));
      this.emit("made", 1, 2, 3);
      this.pause();
      this.resume();
    }
    hello() {
      return "hello";
    }
  }

  test("is extended, and its own listeners are behind the gate", async () => {
    const { url, sockets } = await start({
      server: { WebSocket: Application as never },
      onConnection: () => {},
    });
    const client = await Client.open(url);
    client.send({ action: "secret" }, { action: "ping" });
    await client.replies(1);
    const [socket] = sockets as Application[];
    await until(() => socket?.seen.length === 1);
    expect(socket?.seen).toEqual(['{"action":"ping"}']);
    expect(socket?.hello()).toBe("hello");
    expect(socket).toBeInstanceOf(Application);
    socket?.ping();
    await until(() => socket?.pongs.length === 1);
  });

  test("still receives all other events, with all arguments", async () => {
    const { url, sockets } = await start();
    await Client.open(url);
    const heard: unknown[] = [];
    sockets[0]?.on("custom" as never, (...values: unknown[]) => void heard.push(values));
    sockets[0]?.emit("custom", 1, undefined, 3);
    sockets[0]?.emit("custom");
    expect(heard).toEqual([[1, undefined, 3], []]);
  });
});

describe("subprotocols and extensions", () => {
  test("are chosen as without a guard; the scope lists offers", async () => {
    const { url, session } = await start({ server: { handleProtocols: (offered) => [...offered][1] ?? false } });
    const client = await Client.open(url, {}, ["v1", "v2"]);
    expect(client.socket.protocol).toBe("v2");
    expect(session().scope.subprotocols).toEqual(["v1", "v2"]);
  });

  test("let a browser read the reason of a refusal", async () => {
    const policy = definePolicy({ connect: permission("no", { connect: () => false }), permissions: AllowAny });
    const { url } = await start({ policy, options: { refuse: "close" } });
    expect(await new Client(url, {}, ["v1"]).end()).toEqual({ code: 4403, reason: "permission_denied" });
  });

  test("headers of the handshake can still be added", async () => {
    const before = (wss: WebSocketServer) => wss.on("headers", (headers) => void headers.push("X-Mine: 1"));
    const { url } = await start({ policy: open, before });
    const client = new Client(url);
    const seen = deferred<string | string[] | undefined>();
    client.socket.on("upgrade", ({ headers }) => seen.resolve(headers["x-mine"]));
    expect(await seen.promise).toBe("1");
  });
});
