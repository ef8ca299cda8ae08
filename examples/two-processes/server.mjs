// One of several processes: an Express application and its sockets. Sessions and revocations lie in Redis.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { guard, json } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { continuity } from "@portcullis/core/continuity";
import { redisRevocations } from "@portcullis/revocations/redis";
import express from "express";
import { createClient } from "redis";
import { WebSocketServer } from "ws";

const { REDIS_URL = "redis://127.0.0.1:6379", PORT = "3001", NAME = "first" } = process.env;
const PAGE = fileURLToPath(new URL("page.html", import.meta.url));
const passwords = new Map([
  ["ann", "apple"],
  ["bob", "banana"],
]);

const redis = createClient({ url: REDIS_URL });
redis.on("error", (error) => console.error("redis:", error.message));
await redis.connect();
const revocations = redisRevocations({ client: redis });

/** The id of the session in the cookie of a request. */
const sidOf = ({ headers }) => /(?:^|; )sid=([\w-]+)/.exec(headers.cookie ?? "")?.[1] ?? "";
/** The session as Redis has it now. */
const readSession = async (sid) => (sid ? redis.get(`session:${sid}`) : null);

const app = express();
app.get("/", (_request, response) => response.sendFile(PAGE));
app.post("/login", express.json(), async ({ body }, response) => {
  if (!passwords.has(body?.name) || passwords.get(body.name) !== body.password) return response.sendStatus(401);
  const sid = randomUUID();
  await redis.set(`session:${sid}`, body.name, { expiration: { type: "EX", value: 86_400 } });
  response.cookie("sid", sid, { httpOnly: true, sameSite: "lax" }).sendStatus(204);
});
app.post("/logout", async (request, response) => {
  const sid = sidOf(request);
  // Write first, then revoke: a client that comes back must not find its session.
  // Only for a session that was there, because anybody can send this request.
  if ((await redis.del(`session:${sid}`)) > 0) await revocations.revoke(`session:${sid}`);
  response.clearCookie("sid").sendStatus(204);
});

const server = createServer(app);
const sockets = new WebSocketServer({ server, path: "/ws", maxPayload: 65_536 });
const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny } });
const guarding = guard(sockets, policy, {
  codec: json(),
  // A page cannot read the status of a refused handshake, but it can read a close code.
  refuse: "close",
  authenticate: async (_request, { headers }) => {
    const sid = sidOf({ headers });
    const name = await readSession(sid);
    return { user: name === null ? null : { id: name }, sid };
  },
  identify: ({ user, sid }) => user && { subjects: [`user:${user.id}`, `session:${sid}`] },
  continuity: continuity({ revocations }),
});
sockets.on("connection", (socket) => {
  socket.on("message", () => socket.send(JSON.stringify({ type: "pong", process: NAME })));
});

server.listen(Number(PORT), "127.0.0.1", () => process.send?.({ port: server.address().port }));
for (const signal of ["SIGINT", "SIGTERM", "disconnect"]) {
  process.once(signal, async () => {
    await guarding.close();
    process.exit();
  });
}
