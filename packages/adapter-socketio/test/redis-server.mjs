// One of two servers behind one Redis, in its own process. Its argument is the URL of Redis. It answers { ask:
// "sessions" } with the users of the open sessions, and performs { ask: "disconnect" }.

import { createServer } from "node:http";
import { guard } from "@portcullis/adapter-socketio";
import { and, definePolicy, HasRole, IsAuthenticated } from "@portcullis/core";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const USERS = new Map([
  ["ann", { id: "ann", roles: ["member"] }],
  ["bob", { id: "bob", roles: ["member"] }],
  ["gus", { id: "gus", roles: [] }],
]);

const publisher = createClient({ url: process.argv[2] });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });
const policy = definePolicy({
  connect: IsAuthenticated,
  actions: { join: IsAuthenticated, say: and(IsAuthenticated, HasRole("member")) },
});
const guarding = guard(io, policy, {
  authenticate: ({ handshake }) => ({ user: USERS.get(handshake.auth.token) ?? null }),
});

io.on("connection", (socket) => {
  socket.on("join", async ({ room }, done) => {
    await socket.join(room);
    done("joined");
  });
  socket.on("say", ({ room, text }) => socket.to(room).emit("said", text));
});

const ANSWERS = {
  sessions: () => [...guarding.sessions].map(({ scope }) => scope.user.id),
  everywhere: async () => (await io.fetchSockets()).length,
  disconnect: () => io.in("lobby").disconnectSockets(true),
};
process.on("message", async ({ ask }) => process.send({ answer: (await ANSWERS[ask]()) ?? null }));
http.listen(0, "127.0.0.1", () => process.send({ port: http.address().port }));
