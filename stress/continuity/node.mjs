// One guarded server in its own process: `node node.mjs <engine> <url of the log> <transport> <every>`. It asks its parent
// for the truth, as others ask their database, and reports each message that was delivered.
import { createServer } from "node:http";
import { guard as guardSocketIo } from "@portcullis/adapter-socketio";
import { guard as guardWs, json } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { continuity } from "@portcullis/core/continuity";
import { postgresRevocations } from "@portcullis/revocations/postgres";
import { redisRevocations } from "@portcullis/revocations/redis";
import { Redis } from "ioredis";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { askTruth, handed, listen, obey } from "./lib/parent.mjs";

const [engine, url, transport, every] = process.argv.slice(2);
const silent = (client) => client.on("error", () => undefined);

const LOGS = {
  "node-redis": () => {
    const client = silent(createClient({ url, socket: { reconnectStrategy: 100 } }));
    client.connect().catch(() => undefined);
    return redisRevocations({ client });
  },
  ioredis: () => redisRevocations({ client: silent(new Redis(url, { retryStrategy: () => 100 })) }),
  pg: () => postgresRevocations({ pool: silent(new pg.Pool({ connectionString: url })) }),
};
const revocations = LOGS[engine]();

const lasting = {
  identify: ({ user }) => user && { subjects: [`user:${user.id}`] },
  continuity: continuity({ revalidate: { every: Number(every), concurrency: 100 }, revocations }),
};
const authenticate = async (id) => ({ user: (await askTruth(id)) ? { id } : null });
const policy = definePolicy({ connect: IsAuthenticated, actions: { say: AllowAny } });

const http = createServer();
if (transport === "ws") {
  const wss = new WebSocketServer({ server: http });
  guardWs(wss, policy, {
    codec: json(),
    authenticate: (_request, { headers }) => authenticate(headers.authorization),
    ...lasting,
  });
  wss.on("connection", (ws) => ws.on("message", (data) => handed(JSON.parse(data).user)));
} else {
  const io = new Server(http, { transports: ["websocket"] });
  guardSocketIo(io, policy, {
    authenticate: ({ handshake }) => authenticate(handshake.auth.user),
    ...lasting,
  });
  io.on("connection", (socket) => socket.on("say", ({ user }) => handed(user)));
}

obey({
  revoke: (user) => revocations.revoke(`user:${user}`),
  refresh: (user) => revocations.refresh(`user:${user}`),
});
listen(http);
