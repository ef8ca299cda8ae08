// A server of socket.io in its own process, without a guard: `node peer.mjs <adapter> <url of Redis>`. A middleware reads
// the truth when a client connects. A ban is announced by `disconnectSockets`, over an adapter of socket.io.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { askTruth, handed, listen, obey } from "./lib/parent.mjs";

const [name, url] = process.argv.slice(2);
// The adapters do not handle every failure of Redis, and the process would end.
process.on("unhandledRejection", () => undefined);

function connect() {
  return new Redis(url, { retryStrategy: () => 100 }).on("error", () => undefined);
}

const ADAPTERS = {
  "redis-adapter": () => createAdapter(connect(), connect()),
  "redis-streams-adapter": () => createStreamsAdapter(connect()),
};
const http = createServer();
const io = new Server(http, { transports: ["websocket"], adapter: ADAPTERS[name]() });
io.use(async ({ handshake, data }, next) => {
  data.user = handshake.auth.user;
  next((await askTruth(data.user)) ? undefined : new Error("banned"));
});
io.on("connection", (socket) => {
  socket.join(`user:${socket.data.user}`);
  socket.on("say", ({ user }) => handed(user));
});

obey({ revoke: async (user) => io.in(`user:${user}`).disconnectSockets(true) });
listen(http);
