import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { guard } from "@portcullis/adapter-ws";
import { and, definePolicy, HasRole, IsAuthenticated, not, permission } from "@portcullis/core";
import { WebSocketServer } from "ws";

const users = new Map([
  ["ann-token", { name: "ann", roles: ["moderator"] }],
  ["bob-token", { name: "bob", roles: [] }],
]);
const banned = new Set();

const isBanned = permission("isBanned", ({ scope }) => banned.has(scope.user?.name));

const policy = definePolicy({
  connect: not(isBanned), // anybody may read
  actions: {
    say: and(IsAuthenticated, not(isBanned)),
    ban: HasRole("moderator"),
  },
});

/** Starts the chat on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0 } = {}) {
  const wss = new WebSocketServer({ host: "127.0.0.1", port, maxPayload: 16_384 });
  const guarded = guard(wss, policy, {
    authenticate: ({ headers }) => ({ user: users.get(headers.authorization?.replace("Bearer ", "")) ?? null }),
    origins: [null], // programs only; name the pages that may connect here
  });

  // Handlers as in any chat: they see what was allowed, and ask nobody.
  wss.on("connection", (ws) => {
    ws.on("message", (data) => {
      const { action, text, name } = JSON.parse(data);
      if (action === "ban") banned.add(name);
      else
        for (const client of wss.clients)
          client.send(JSON.stringify({ by: guarded.sessionOf(ws).scope.user.name, text }));
    });
  });

  await once(wss, "listening");
  const close = async () => {
    await guarded.close();
    wss.close();
  };
  return { url: `ws://127.0.0.1:${wss.address().port}`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, close } = await start({ port: Number(process.env.PORT ?? 3000) });
  console.log(`A chat at ${url}   Tokens: ${[...users.keys()].join(", ")}   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
