// One server, bare or guarded, that reports its heap. Arguments: bare | guard | continuity.

import { guard } from "@portcullis/adapter-ws";
import { and, definePolicy, IsAuthenticated, not, permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { WebSocketServer } from "ws";

const [, , kind] = process.argv;
const USER = Object.freeze({ id: "u1", role: "member", banned: false });
const isBanned = permission("isBanned", ({ scope }) => scope.user.banned);

const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
const HOUR = 3_600_000;
/** An identity that expires, is revalidated, and has two subjects of its own, as that of a session. */
const lasting = () => ({
  identify: ({ id, user }) => ({ subjects: [`user:${user.id}`, `session:${id}`], expiresAt: Date.now() + HOUR }),
  continuity: continuity({ renew: { action: "auth.renew" }, revocations: memoryRevocations() }),
});
let sessions = 0;
if (kind !== "bare") {
  const policy = definePolicy({ actions: { edit: and(IsAuthenticated, not(isBanned)) } });
  guard(wss, policy, {
    authenticate: () => ({ user: USER, id: ++sessions }),
    origins: ["https://app.example"],
    ...(kind === "continuity" && lasting()),
  });
} else {
  wss.on("connection", (ws, request) => {
    ws.request = request;
  });
}
wss.on("connection", (ws) => {
  ws.on("message", (data) => ws.send(data));
});

function measure() {
  for (let i = 0; i < 5; i++) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { connections: wss.clients.size, heapUsed, external, rss };
}

process.on("message", () => process.send(measure()));
wss.on("listening", () => process.send(wss.address().port));
