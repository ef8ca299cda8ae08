import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { fromExpress, toExpress } from "@portcullis/adapter-express-bridge";
import { serve as serveSocketio } from "@portcullis/adapter-socketio";
import { serve as serveWs } from "@portcullis/adapter-ws";
import { defineConsumer } from "@portcullis/core/consumer";
import express from "express";
import expressSession from "express-session";
import passportModule from "passport";
import { Strategy } from "passport-local";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const PAGE = fileURLToPath(new URL("page.html", import.meta.url));
const passwords = new Map([
  ["ann", "apple"],
  ["bob", "banana"],
]);

/**
 * Starts the application on 127.0.0.1.
 *
 * @param {object} settings
 * @param {number} [settings.port] 0: any that is free
 * @param {string} settings.secret of the session's cookie
 * @param {import("express-session").Store} [settings.store] default: the memory
 */
export async function start({ port = 0, secret, store }) {
  // An application as there are many: it knows nothing of sockets.
  const app = express();
  const passport = new passportModule.Passport();
  passport.use(new Strategy((name, password, done) => done(null, passwords.get(name) === password ? { name } : false)));
  passport.serializeUser((user, done) => done(null, user.name));
  passport.deserializeUser((name, done) => done(null, passwords.has(name) ? { name } : false));

  const session = expressSession({
    ...(store && { store }),
    secret,
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: "lax" },
  });
  const requireLogin = (request, response, next) => {
    if (request.isAuthenticated()) next();
    else response.status(401).json({ message: "Please log in." });
  };

  app.use(session, passport.session());
  app.get("/", (_request, response) => response.sendFile(PAGE));
  app.get("/me", requireLogin, (request, response) => response.json(request.user));
  app.post(
    "/login",
    express.urlencoded({ extended: false }),
    passport.authenticate("local", { successRedirect: "/", failureRedirect: "/?failed" }),
  );
  app.post("/logout", (request, response, next) =>
    request.logout((error) => (error ? next(error) : response.sendStatus(204))),
  );

  // The same middlewares decide about sockets: when one is opened, and about every message.
  const member = fromExpress([session, passport.session(), requireLogin], { app });
  const consumer = defineConsumer()
    .connect(member)
    .action("note.add", member, ({ payload, evidence }) => ({ by: evidence.user.name, text: String(payload.text) }));

  // And back: a route that asks the rule of the sockets, under the same code, status and reason.
  app.post("/notes", express.json(), toExpress(consumer, "note.add"), ({ body, user }, response) => {
    response.status(201).json({ by: user.name, text: String(body.text) });
  });

  const server = createServer(app);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 65_536 });
  // A page cannot read the status of a refused handshake, but it can read a close code.
  const guards = [serveWs(sockets, consumer, { refuse: "close" })];
  // Upgrades to other paths are not for socket.io to end.
  const io = new Server(server, { destroyUpgrade: false });
  guards.push(serveSocketio(io, consumer));
  server.on("upgrade", (request, socket, head) => {
    const path = request.url.split("?")[0];
    if (path === "/ws") sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws, request));
    else if (!path.startsWith("/socket.io/")) socket.destroy();
  });

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    await Promise.all(guards.map((guard) => guard.close()));
    const closed = io.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${server.address().port}`, server, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { randomBytes } = await import("node:crypto");
  const { SESSION_SECRET = randomBytes(32).toString("hex"), PORT = "3000" } = process.env;
  const { url, close } = await start({ port: Number(PORT), secret: SESSION_SECRET });
  console.log(`Log in as ann (apple) or bob (banana): ${url}   Ctrl-C stops it.`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
}
