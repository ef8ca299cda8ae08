import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { dcrf, serve } from "@portcullis/adapter-ws";
import { and, HasRole, IsAuthenticated, not, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import express from "express";
import { build } from "vite";
import { WebSocketServer } from "ws";

const root = fileURLToPath(new URL(".", import.meta.url));
const users = new Map([
  ["ann-token", { name: "ann", roles: ["editor"] }],
  ["bob-token", { name: "bob", roles: [] }],
  ["mallory-token", { name: "mallory", roles: [], isBanned: true }],
]);
const isBanned = permission("isBanned", ({ scope }) => scope.user?.isBanned === true);

/** Builds the page and starts the server on 127.0.0.1; port 0 is any that is free. */
export async function start({ port = 0 } = {}) {
  await build({ root, logLevel: "warn" });
  const app = express().use(express.static(`${root}/dist`));
  const server = createServer(app);

  const notes = ["Buy milk."];
  const consumer = defineConsumer()
    .connect(not(isBanned, { code: "banned" }))
    .action("note.list", IsAuthenticated, () => notes)
    .action("note.clear", and(IsAuthenticated, HasRole("editor")), () => notes.splice(0).length);
  const wss = new WebSocketServer({ server, path: "/ws", maxPayload: 16_384 });
  const guarded = serve(wss, consumer, {
    authenticate: ({ url }) => ({
      user: users.get(new URL(url, "http://localhost").searchParams.get("token")) ?? null,
    }),
    codec: dcrf({ codes: true }),
    // A page cannot read the status of a refused handshake, but it can read a close code.
    refuse: "close",
  });

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    await guarded.close();
    wss.close();
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, close } = await start({ port: Number(process.env.PORT ?? 3000) });
  console.log(`Open ${url}   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
