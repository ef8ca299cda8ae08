// One guarded ws server with many connections, in its own process: `node crowd-node.mjs <log>`. The log is `memory` or the
// URL of a Redis server.
import { createServer } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { guard, json } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { redisRevocations } from "@portcullis/revocations/redis";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";

const [log] = process.argv.slice(2);
const revocations = log === "memory" ? memoryRevocations() : redisRevocations({ client: new Redis(log) });
const now = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;
const delay = monitorEventLoopDelay({ resolution: 5 });

/** Times by user: the last message delivered, and the close. */
const handed = new Map();
const closed = new Map();

const lasting = continuity({ revocations, grace: 0, revalidate: { every: 600_000 } });
const http = createServer();
const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
guard(wss, definePolicy({ connect: IsAuthenticated, actions: { say: AllowAny } }), {
  codec: json(),
  async authenticate(_request, { query }) {
    // Stands for a look into a database.
    await sleep(1);
    return { user: { id: query.user }, end: query.end ? Number(query.end) : undefined };
  },
  identify: ({ user, end }) => ({ subjects: [`user:${user.id}`, "everybody"], expiresAt: end }),
  continuity: lasting,
});
wss.on("connection", (ws, request) => {
  const user = new URL(request.url, "http://localhost").searchParams.get("user");
  ws.on("message", () => handed.set(user, now()));
  ws.on("close", () => closed.set(user, now()));
});

const COMMANDS = {
  /** Returns the memory of the process. */
  measure() {
    global.gc?.();
    return { connections: wss.clients.size, heap: process.memoryUsage().heapUsed };
  },
  /** Begins a scenario. */
  begin() {
    handed.clear();
    closed.clear();
    delay.enable();
    delay.reset();
  },
  async revoke({ subjects }) {
    const since = now();
    await Promise.all(subjects.map((subject) => revocations.revoke(subject)));
    return { since, took: now() - since };
  },
  /** Authenticates everybody again, and waits until it is done. */
  async refresh() {
    const since = now();
    await revocations.refresh("everybody");
    while (lasting.gauges().sessions.pending > 0) await sleep(50);
    return { since, took: now() - since };
  },
  /** Returns the times of users after their ends. */
  report({ ends }) {
    delay.disable();
    const late = (times) =>
      ends.flatMap(([user, end]) => (times.has(user) ? [Math.max(0, times.get(user) - end)] : []));
    const loop = { p99: delay.percentile(99) / 1e6, worst: delay.max / 1e6 };
    return { handed: late(handed), closed: late(closed), loop };
  },
};

process.on("message", async ({ call, ...parameters }) => {
  process.send({ answer: (await COMMANDS[call](parameters)) ?? {} });
});
process.on("disconnect", () => process.exit());
http.listen(0, "127.0.0.1", () => process.send({ answer: http.address().port }));
