import { guard } from "@portcullis/adapter-crossws";
import { AllowAny, and, definePolicy, HasRole, IsAuthenticated, not, permission } from "@portcullis/core";
import { serve } from "crossws/server";

const users = new Map([
  ["ann-token", { name: "ann", roles: ["moderator"] }],
  ["bob-token", { name: "bob", roles: [] }],
]);
const banned = new Set();

const isBanned = permission("isBanned", ({ scope }) => banned.has(scope.user?.name));

const policy = definePolicy({
  connect: AllowAny, // everybody may read
  actions: {
    say: and(IsAuthenticated, not(isBanned)),
    ban: HasRole("moderator"),
  },
});

const chat = guard(
  {
    open(peer) {
      peer.subscribe("chat");
    },
    message(peer, message) {
      const { action, text, name } = message.json();
      if (action === "ban") {
        banned.add(name);
        return;
      }
      const said = JSON.stringify({ by: chat.sessionOf(peer).scope.user?.name, text });
      peer.send(said);
      peer.publish("chat", said);
    },
  },
  policy,
  {
    authenticate: ({ headers }) => ({
      user: users.get(headers.get("authorization")?.replace("Bearer ", "") ?? "") ?? null,
    }),
    origins: [null], // only clients without an Origin; list your pages here
    maxPayload: 16_384,
  },
);

/** Starts the chat on 127.0.0.1. Port 0 stands for any free port. */
export async function start({ port = 0 } = {}) {
  const server = serve({
    hostname: "127.0.0.1",
    port,
    silent: true,
    fetch: () => new Response("A chat for WebSocket clients.\n"),
    websocket: chat.hooks,
  });
  await server.ready();
  return {
    url: String(server.url).replace("http", "ws"),
    async close() {
      await chat.close();
      await server.close(true);
    },
  };
}

if (import.meta.main ?? process.argv[1]?.endsWith("server.mjs")) {
  const { url } = await start({ port: Number(process.env.PORT ?? 8080) });
  console.log(`listening on ${url}`);
}
