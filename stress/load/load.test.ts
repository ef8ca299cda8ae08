import { afterEach, describe, expect, test } from "vitest";
import { sleep, until } from "../../test/helpers.js";
import { closeAll, openMany, type Target } from "./lib/client.mjs";
import { Flooders } from "./lib/flood.mjs";
import { leastSquares } from "./lib/statistics.mjs";
import { storm } from "./lib/storm.mjs";
import { type Mix, Traffic } from "./lib/traffic.mjs";
import { type Setup, startServer } from "./servers/server.mjs";

// The short form of `npm run load`: what must hold under load, never how fast it is.

const TRANSPORTS = ["ws", "socket.io"] as const;
const MIX: Mix = [
  ["echo", 0.6],
  ["later", 0.1],
  ["secret", 0.2],
  ["nothing", 0.1],
];
const WITH_HANGS: Mix = [
  ["echo", 0.95],
  ["hang", 0.05],
];

/** Bytes that Node reads from a socket in one go. */
const ONE_READ = 65_536;

let stop = async () => {};
afterEach(() => stop());

async function serve(setup: Omit<Setup, "kind">) {
  const server = await startServer({ kind: "guard", ...setup });
  stop = () => server.close();
  return server;
}

type Server = Awaited<ReturnType<typeof serve>>;

/** Looks again and again until something is so. */
async function waitFor(isSo: () => boolean): Promise<void> {
  for (const until = Date.now() + 12_000; !isSo(); await sleep(100)) {
    if (Date.now() > until) throw new Error("not in time");
  }
}

/** Nothing was let through, and nothing is left once all have gone. */
async function expectShut(server: Server): Promise<void> {
  await until(() => server.report().sessions + server.report().connections === 0, "no session is left");
  expect(server.report().unauthorised).toBe(0);
}

/** Sends requests of many clients; all must be answered rightly, and once. */
async function talk(target: Target, mix: Mix, count: number, requests: number) {
  const clients = await openMany(target, count);
  const traffic = new Traffic(mix);
  for (const client of clients) traffic.join(client);
  await traffic.run(clients, { rate: requests, seconds: 1, patience: 15 });
  expect(traffic.result()).toMatchObject({ sent: requests, answered: requests, unanswered: 0, wrong: 0, strange: 0 });
  expect(clients.filter(({ isEnded }) => isEnded)).toEqual([]);
  return { clients, result: traffic.result() };
}

describe.each(TRANSPORTS)("%s", (transport) => {
  test("500 connections: every request is answered once, and rightly", async () => {
    const server = await serve({ transport });
    const { clients } = await talk(server, MIX, transport === "ws" ? 500 : 200, 1000);
    expect(server.report().sessions).toBe(clients.length);
    await closeAll(clients);
    await expectShut(server);
  });

  test("a storm of 200 clients is admitted, refused and forgotten", async () => {
    const server = await serve({ transport, authenticate: 200 });
    const numbers = { welcome: 140, strangers: 30, leavers: 30 };
    const { clients, ...result } = await storm(server, { ...numbers, patience: 15 });
    expect(result).toMatchObject({ opened: 140, answered: 140, refused: 30, gone: 30 });
    expect(server.report()).toMatchObject({ sessions: 140, handled: 140 });
    await closeAll(clients);
    await expectShut(server);
  });

  test("a hanging rule is answered 503 and delays nobody else", async () => {
    const server = await serve({ transport, timeout: { action: 100 } });
    const { clients, result } = await talk(server, WITH_HANGS, 100, 500);
    expect(result.hanging.count).toBeGreaterThan(0);
    expect(server.report()).toMatchObject({
      handled: 500 - result.hanging.count,
      refused: { permission_timeout: result.hanging.count },
    });
    await closeAll(clients);
    await expectShut(server);
  });

  test("flooding clients are handled in turn with others", async () => {
    const server = await serve({ transport });
    const flood = new Flooders(server, { count: 10, seconds: 1, says: "echo", isReading: true });
    const flooding = flood.run();
    const { clients } = await talk(server, MIX, 50, 200);
    await flooding;
    flood.leave();
    await closeAll(clients);
    await expectShut(server);
  });
});

describe("clients that send what is refused, and never read", () => {
  const limits = { pendingMessages: 20, pendingBytes: 20_000, unread: 20_000, handshake: 1000 };
  const flood = { count: 2, seconds: 15, says: "long", isReading: false };

  test("ws: are read no more once their answers wait", async () => {
    const server = await serve({ transport: "ws", limits });
    const flooders = new Flooders(server, flood);
    const flooding = flooders.run();
    let [before, steady] = [0, 0];
    await waitFor(() => {
      const { refused, unread } = server.report();
      const { unknown_action: now = 0 } = refused;
      steady = now > 0 && now === before ? steady + 1 : 0;
      before = now;
      // Bytes that may wait, and answers to messages of one read before. An answer repeats the name twice.
      expect(unread).toBeLessThan(flood.count * (limits.pendingBytes + 2.1 * ONE_READ));
      return steady === 5;
    });
    const { clients } = await talk(server, MIX, 20, 100);
    flooders.leave();
    expect((await flooding).sent).toBeGreaterThan(before);
    await closeAll(clients);
    await expectShut(server);
  });

  test("socket.io: are shown out once their answers wait", async () => {
    const server = await serve({ transport: "socket.io", limits });
    const flooders = new Flooders(server, flood);
    const flooding = flooders.run();
    await waitFor(() => {
      // Six times the bytes that may wait, in answers of 4,000 characters, for each.
      expect(server.report().unread).toBeLessThanOrEqual(flood.count * 32);
      return server.report().sessions === 0;
    });
    const { clients } = await talk(server, MIX, 20, 100);
    flooders.leave();
    await flooding;
    await closeAll(clients);
    await expectShut(server);
  });
});

test("a client that closes and then resets is reported as closed", async () => {
  const server = await serve({ transport: "ws" });
  const clients = await openMany(server, 1);
  const ended = Promise.all(clients.map((client) => new Promise<void>((resolve) => (client.onEnd = resolve))));
  for (const client of clients) {
    client.socket.end();
    client.reset();
  }
  await ended;
  await expectShut(server);
});

test("a slope has the standard error of the textbook", () => {
  const { slope, standardError, mean } = leastSquares([
    [1, 2],
    [2, 3],
    [3, 5],
    [4, 4],
  ]);
  expect(slope).toBeCloseTo(0.8);
  // Residuals -0.3, -0.1, 1.1, -0.7 leave 1.8 in two degrees of freedom, over a spread of 5.
  expect(standardError).toBeCloseTo(Math.sqrt(1.8 / 2 / 5));
  expect(mean).toBe(3.5);
});
