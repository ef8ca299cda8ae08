import { Agent, get, type IncomingMessage } from "node:http";
import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import {
  Client,
  deferred,
  frame,
  gatedRule,
  knock,
  MODES,
  sleep,
  start,
  stopAll,
  Tcp,
  until,
} from "../test/support.js";
import type { WsGuardOptions } from "./index.js";

afterEach(stopAll);

/** A server whose connect rule answers when the test resolves it. */
async function deciding(options: WsGuardOptions = {}) {
  const asked = deferred<{ signal: AbortSignal; answer: (is: boolean) => void }>();
  const rule = permission("door", {
    connect: ({ signal }) => new Promise<boolean>((answer) => asked.resolve({ signal, answer })),
  });
  const events: DecisionEvent[] = [];
  const policy = definePolicy({ connect: rule, permissions: AllowAny });
  const running = await start({ policy, options: { onDecision: (event) => void events.push(event), ...options } });
  return { ...running, asked: asked.promise, events };
}

describe("a client that leaves during its handshake", () => {
  const ways: [string, (tcp: Tcp) => void][] = [
    ["closes its half (FIN)", (tcp) => tcp.socket.end()],
    ["resets (RST)", (tcp) => tcp.socket.resetAndDestroy()],
  ];
  describe.each(["status", "close"] as const)("refuse: %s", (refuse) => {
    test.each(ways)("and %s aborts the rule and is answered nothing", async (_how, leave) => {
      const { port, asked, events, sockets, guard } = await deciding({ refuse });
      const tcp = new Tcp(port);
      tcp.knock();
      const { signal, answer } = await asked;
      leave(tcp);
      await until(() => signal.aborted);
      await until(() => tcp.isClosed);
      answer(true);
      await sleep(10);
      expect(events.map(({ decision }) => decision.code)).toEqual(["aborted"]);
      expect([sockets, guard.sessions.size, tcp.received.length]).toEqual([[], 0, 0]);
    });
  });

  test("while authenticate runs", async () => {
    const signals: AbortSignal[] = [];
    const authenticate: WsGuardOptions["authenticate"] = (_request, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { port } = await start({ options: { authenticate } });
    const tcp = new Tcp(port);
    tcp.knock();
    await until(() => signals.length === 1);
    tcp.socket.resetAndDestroy();
    await until(() => signals[0]?.aborted === true);
  });
});

describe("a rule that ends the connection at connect", () => {
  test.each([
    ["at once", async () => {}],
    ["later", () => sleep(5)],
  ])("%s: nobody gets in, and nothing is answered", async (_when, wait) => {
    const rule = permission("door", {
      connect: ({ consumer }) => {
        const close = () => {
          consumer.close();
          return true;
        };
        return _when === "at once" ? close() : wait().then(close);
      },
    });
    const codes: string[] = [];
    const { port, sockets } = await start({
      policy: definePolicy({ connect: rule, permissions: AllowAny }),
      options: { onDecision: ({ decision }) => void codes.push(decision.code) },
    });
    const tcp = new Tcp(port);
    tcp.knock();
    await until(() => tcp.isClosed);
    expect([tcp.received.length, sockets]).toEqual([0, []]);
    expect(codes).toEqual(["aborted"]);
  });
});

describe("messages sent before the handshake is answered", () => {
  test("are neither lost nor handled before it", async () => {
    const { port, asked, handled } = await deciding();
    const tcp = new Tcp(port);
    tcp.knock(Buffer.concat([frame('{"action":"a"}'), frame('{"action":"b"}')]));
    const { answer } = await asked;
    await sleep(10);
    tcp.socket.write(frame('{"action":"c"}'));
    await sleep(10);
    expect(handled).toEqual([]);
    answer(true);
    await until(() => handled.length === 3);
    expect(handled).toEqual(['{"action":"a"}', '{"action":"b"}', '{"action":"c"}']);
  });
});

describe("the limit of the handshake", () => {
  const options: WsGuardOptions = { limits: { handshake: 100 }, timeout: { connect: 60_000 } };

  test("destroys a client that is not decided in time", async () => {
    const { port, asked } = await deciding(options);
    const tcp = new Tcp(port);
    tcp.knock();
    const { signal } = await asked;
    await until(() => tcp.isClosed);
    expect(tcp.received.length).toBe(0);
    expect(signal.aborted).toBe(true);
  });

  test("counts the time of the server's own verifyClient", async () => {
    const { port } = await start({ options, server: { verifyClient: (_info, _answer) => {} } });
    const tcp = new Tcp(port);
    tcp.knock();
    await until(() => tcp.isClosed);
    expect(tcp.received.length).toBe(0);
  });

  test.each(["server", "port"] as const)("destroys a client that sends nothing (%s)", async (mode) => {
    const { port } = await start({ mode, options });
    const [silent, slow] = [new Tcp(port), new Tcp(port)];
    slow.socket.write("GET / HTTP/1.1\r\nhost: a\r\n");
    const startedAt = Date.now();
    await until(() => silent.isClosed && slow.isClosed);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(90);
  });

  test.each(MODES)("leaves an open connection alone (%s)", async (mode) => {
    const { url, guard } = await start({ mode, options });
    const client = await Client.open(url);
    await sleep(250);
    client.send({ action: "secret" });
    await client.replies(1);
    expect(guard.sessions.size).toBe(1);
  });

  test("leaves ordinary requests alone, slow and repeated ones too", async () => {
    const { port } = await start({
      options,
      onRequest: (request, response) => {
        setTimeout(() => response.end(String(request.socket.remotePort)), request.url === "/slow" ? 250 : 0);
      },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const page = (path: string) =>
      new Promise<string>((resolve, reject) => {
        get({ port, path, host: "127.0.0.1", agent }, (response) => {
          let body = "";
          response.on("data", (chunk) => {
            body += chunk;
          });
          response.on("end", () => resolve(body));
        }).on("error", reject);
      });
    const first = await page("/");
    await sleep(250);
    expect(await page("/slow")).toBe(first);
    agent.destroy();
  });

  test.each([
    ["an upgrade to something else", "upgrade", { connection: "Upgrade", upgrade: "other" }],
    ["an upload that waits for a go", "checkContinue", { expect: "100-continue", "content-length": "1" }],
  ])("leaves alone %s", async (_what, event, headers) => {
    const { port, http } = await start({ options });
    const [upgrade] = http?.listeners("upgrade") ?? [];
    http?.off("upgrade", upgrade as () => void);
    let reached: IncomingMessage | undefined;
    http?.prependListener(event, (request) => {
      reached = request;
    });
    const tcp = new Tcp(port);
    const lines = Object.entries({ host: "a", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    tcp.socket.write(`POST / HTTP/1.1\r\n${lines.join("")}\r\n`);
    await until(() => reached !== undefined);
    await sleep(200);
    expect(tcp.isClosed).toBe(false);
    reached?.socket.destroy();
  });

  test("stops watching the server when ws is closed", async () => {
    const { http, wss } = await start({ options });
    const count = () => ["connection", "request", "upgrade"].map((event) => http?.listenerCount(event) ?? 0);
    const before = count();
    await new Promise((resolve) => wss.close(resolve));
    // The server has listeners of its own and, for `upgrade`, that of ws.
    expect(before.map((many, index) => many - (count()[index] as number))).toEqual([1, 1, 2]);
  });
});

describe("the deadline of the connect question", () => {
  test("refuses with 503, and the late answer changes nothing", async () => {
    const { port, asked, events, sockets } = await deciding({ timeout: { connect: 40 } });
    const refused = await knock(port);
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([
      503,
      expect.objectContaining({ code: "permission_timeout", retry: "later" }),
    ]);
    (await asked).answer(true);
    await sleep(10);
    expect([events.length, sockets]).toEqual([1, []]);
  });
});

test("a sync decision is answered within the same tick", async () => {
  const { rule, asked } = gatedRule();
  const { wss } = await start({ policy: definePolicy({ permissions: rule }) });
  const answers: boolean[] = [];
  const socket = Object.assign(new (await import("node:stream")).PassThrough(), { remoteAddress: "x" });
  const info = { req: { headers: {}, url: "/", socket }, origin: "", secure: false };
  (wss.options.verifyClient as unknown as (info: unknown, answer: (is: boolean) => void) => void)(info, (is) => {
    answers.push(is);
  });
  expect(answers).toEqual([true]);
  expect(asked).toHaveLength(0);
});
