import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve as serveSocketio } from "@portcullis/adapter-socketio";
import { serve as serveWs } from "@portcullis/adapter-ws";
import { defineConsumer } from "@portcullis/core/consumer";
import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import session, { type Store } from "express-session";
import passportModule from "passport";
import { Server, type ServerOptions } from "socket.io";
import { connect, type ManagerOptions, type Socket } from "socket.io-client";
import { WebSocket, WebSocketServer } from "ws";
import { type FromExpressOptions, fromExpress, type useExpress } from "../src/index.js";
import { send } from "./support.js";

const stops: (() => Promise<void> | void)[] = [];

/** Ends all servers and clients of a test. */
export async function stopSessions(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

export function requireLogin(request: Request, response: Response, next: NextFunction): void {
  if (request.isAuthenticated()) next();
  else response.status(401).json({ message: "Please log in." });
}

/** The middlewares of an application with sessions. Users log in by name only. */
export function sessionChain(store: Store, more: Partial<session.SessionOptions> = {}): RequestHandler[] {
  const passport = new passportModule.Passport();
  passport.serializeUser((user, done) => done(null, (user as { name: string }).name));
  passport.deserializeUser((name: string, done) => done(null, { name }));
  const options = { store, secret: "one", resave: false, saveUninitialized: false, ...more };
  return [session(options), passport.session()];
}

/** An application with sessions, with login and logout over HTTP. */
export async function application(chain: readonly RequestHandler[], options: Partial<ServerOptions> = {}) {
  const app = express();
  app.post("/login", ...chain, (request, response, next) =>
    request.login({ name: String(request.query.name) }, (error) => (error ? next(error) : response.sendStatus(204))),
  );
  app.post("/logout", ...chain, (request, response, next) =>
    request.logout((error) => (error ? next(error) : response.sendStatus(204))),
  );
  const server = createServer(app);
  const io = new Server(server, { destroyUpgrade: false, ...options });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  stops.push(async () => {
    const closed = io.close();
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return {
    app,
    server,
    io,
    port,
    async logIn(name: string): Promise<string> {
      const { headers } = await send(port, { method: "POST", path: `/login?name=${name}` });
      return headers["set-cookie"]?.[0]?.split(";")[0] as string;
    },
    async logOut(cookie: string): Promise<void> {
      const { status } = await send(port, { method: "POST", path: "/logout", headers: { cookie } });
      if (status !== 204) throw new Error(`no logout: ${status}`);
    },
  };
}

type Application = Awaited<ReturnType<typeof application>>;

/** Serves one action over ws and socket.io, behind middlewares that also run at connect. */
export function serveMembers(
  running: Application,
  chain: readonly RequestHandler[],
  options: FromExpressOptions = {},
  handle: (name: string) => unknown = (name) => name,
): void {
  const member = fromExpress([...chain, requireLogin], { app: running.app, ...options });
  serveRule(running, member, ({ user }) => handle((user as { name: string }).name));
}

/** Serves one action over ws and socket.io, behind a rule that is also evaluated at connect. */
export function serveRule(
  { server, io }: Application,
  rule: ReturnType<typeof fromExpress>,
  handle: (evidence: Record<string, unknown>) => unknown,
  authenticate?: ReturnType<typeof useExpress>,
): void {
  const consumer = defineConsumer()
    .connect(rule)
    .action("whoami", rule, ({ evidence }) => handle(evidence as never));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/ws") sockets.handleUpgrade(request, socket, head, () => {});
  });
  const common = { origins: [null], onDecision: () => {}, ...(authenticate && { authenticate }) };
  serveWs(sockets, consumer, common);
  serveSocketio(io, consumer, common);
  stops.push(() => {
    for (const client of sockets.clients) client.terminate();
  });
}

/** A client of socket.io that has begun to connect. */
export function socketioClient(port: number, cookie = "", more: Partial<ManagerOptions> = {}, path = "/"): Socket {
  const client = connect(`http://127.0.0.1:${port}${path}`, {
    forceNew: true,
    reconnection: false,
    ...(cookie && { extraHeaders: { cookie } }),
    ...more,
  });
  stops.push(() => void client.disconnect());
  return client;
}

/** Resolves when a client is admitted, or with the data of its refusal. */
export function entered(client: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    client.once("connect", () => resolve("open"));
    client.once("connect_error", (error) => resolve((error as Error & { data?: unknown }).data ?? error.message));
  });
}

export const TRANSPORTS = ["ws", "websocket", "polling"] as const;

/** One connection: the status of its refusal, or a function that asks the server for the user. */
interface Dialled {
  /** The status of the refusal. `undefined` for an open connection. */
  readonly status?: number;
  /** Returns the user name, or the status of a refusal. */
  ask(): Promise<unknown>;
}

/** Opens a connection over ws, or over one of the transports of socket.io. */
export async function dial(transport: (typeof TRANSPORTS)[number], port: number, cookie: string): Promise<Dialled> {
  const ask = () => Promise.reject(new Error("it was refused"));
  if (transport !== "ws") {
    const client = socketioClient(port, cookie, { transports: [transport] });
    const refusal = await entered(client);
    if (refusal !== "open") return { status: (refusal as { status: number }).status, ask };
    return {
      async ask() {
        const answer = await client.emitWithAck("whoami");
        return answer.error?.status ?? answer;
      },
    };
  }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { ...(cookie && { cookie }) } });
  stops.push(() => socket.terminate());
  const status = await new Promise<number | undefined>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => resolve(undefined));
    socket.on("unexpected-response", (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
  });
  if (status !== undefined) return { status, ask };
  let count = 0;
  const waiting = new Map<number, (answer: unknown) => void>();
  socket.on("message", (data) => {
    const { request_id: id, data: name, response_status: told } = JSON.parse(String(data));
    waiting.get(id)?.(name ?? told);
  });
  return {
    ask: () =>
      new Promise((resolve) => {
        count += 1;
        waiting.set(count, resolve);
        socket.send(JSON.stringify({ action: "whoami", request_id: count }));
      }),
  };
}
