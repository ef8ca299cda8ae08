import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { json, serve } from "@portcullis/adapter-ws";
import { and, HasRole, IsAuthenticated, not, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import express from "express";
import { build } from "vite";
import { WebSocketServer } from "ws";
import { Sessions } from "./sessions.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));
const isBanned = permission("isBanned", ({ scope }) => scope.user?.isBanned === true);

const notes = ["Buy milk."];
const consumer = defineConsumer()
  .connect(not(isBanned, { code: "banned" }))
  .action("note.list", IsAuthenticated, () => notes)
  .action("note.clear", and(IsAuthenticated, HasRole("editor")), () => notes.splice(0).length);

/** The page, and the requests that begin a session, make a token and end the session. */
function createApp(sessions, revocations) {
  const app = express().use(express.static(`${root}/dist`), express.json());
  app.post("/sign-in", ({ body }, response) => void response.json({ sid: sessions.begin(body.name) }));
  app.post("/token", ({ body }, response) => {
    const token = sessions.tokenOf(body.sid);
    response.status(token ? 200 : 401).json({ token });
  });
  app.post("/sign-out", async ({ body }, response) => {
    // Written first, then revoked. Only for a session that was there, because anybody can send this request.
    if (sessions.end(body.sid)) await revocations.revoke(`session:${body.sid}`);
    response.status(204).end();
  });
  return app;
}

/**
 * Builds the page and starts the server on 127.0.0.1; port 0 is any that is free. Tokens live for `life` milliseconds.
 */
export async function start({ port = 0, life = 30_000 } = {}) {
  await build({ root, logLevel: "warn" });
  const sessions = new Sessions(life);
  const revocations = memoryRevocations();
  const server = createServer(createApp(sessions, revocations));
  const wss = new WebSocketServer({ server, path: "/ws", maxPayload: 16_384 });
  const guarded = serve(wss, consumer, {
    authenticate({ headers }, { renewal }) {
      const [, token] = (headers["sec-websocket-protocol"] ?? "").split(/,\s*/);
      const found = sessions.read(renewal ? renewal.token : token);
      if (found === undefined) throw new PermissionDenied("not_authenticated");
      return found;
    },
    identify: ({ user, sid, expiresAt }) => ({
      subjects: [`user:${user?.name ?? "guest"}`, `session:${sid}`],
      expiresAt,
    }),
    continuity: continuity({ renew: { action: "auth.renew" }, revocations }),
    codec: json(),
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
