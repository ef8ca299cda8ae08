import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Policy, Scope } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import type { Harness, HarnessSession, RunningServer, ServerSetup } from "@portcullis/testing";
import { type WebSocket, WebSocketServer } from "ws";
import { type Guard, guard, serve, type WsGuardOptions } from "../src/index.js";
import { connectClient } from "./harness-client.js";
import { NO_BATCHES, type Wire } from "./wires.js";

/** One of the ways to run a ws server. */
export interface WsVariant {
  readonly wire: Wire;
  readonly mode: "server" | "port" | "noServer";
  readonly refuse?: "status" | "close";
}

/** Drives the ws adapter with real sockets. */
export function wsHarness(name: string, variant: WsVariant): Harness {
  const { wire, refuse = "status" } = variant;
  return {
    name,
    transport: "ws",
    lacks: {
      queue: "its parser is paused as soon as a message is queued",
      acks: "a WebSocket frame has no acknowledgement; a codec answers every message with an id",
      ...(!wire.hasBatches && { batches: NO_BATCHES }),
      ...(refuse === "close" && {
        "refusal before the upgrade": 'with `refuse: "close"` a client is accepted, then closed with a code',
      }),
    },
    entrances: ["/", "/some/path", "binary frames", "fragmented frames"],
    malformed: wire.malformed,
    attackable: {
      protocol: wire.attackProtocol,
      entrances: ["/some/path"],
      account: (token) => ({ headers: { authorization: `Bearer ${token}` } }),
    },
    start: (setup) => start(variant, setup),
  };
}

async function start({ wire, mode, refuse }: WsVariant, setup: ServerSetup): Promise<RunningServer> {
  const { wss, http } = createServers(mode, setup);
  const options = { ...optionsOf(setup), codec: wire.codec, ...(refuse && { refuse }) };
  const seen = new Map<unknown, () => void>();
  let protecting: Guard<never>;
  try {
    protecting = setup.consumer
      ? serve(wss, setup.consumer as ServableConsumer<Scope>, options)
      : guard(wss, setup.policy as Policy<Scope>, options);
  } catch (error) {
    wss.close();
    throw error;
  }
  wss.on("connection", (socket, request) => {
    runApplication(socket, protecting.sessionOf(socket) as HarnessSession, wire, setup);
    seen.get(request.headers["x-connection"])?.();
  });
  const port = await listening(wss, http);
  const close = () => Promise.all([closing(wss), http && closing(http)]);
  return {
    guard: protecting,
    origin: `http://127.0.0.1:${port}`,
    connect: (handshake, listener) => connectClient({ port, wire, seen }, handshake, listener),
    async stop() {
      for (const socket of wss.clients) socket.terminate();
      http?.closeAllConnections();
      await close();
    },
  };
}

function createServers(mode: WsVariant["mode"], setup: ServerSetup): { wss: WebSocketServer; http?: Server } {
  const { largestMessage: maxPayload, options } = setup;
  const limits = maxPayload === undefined ? {} : { maxPayload };
  if (mode === "port") return { wss: new WebSocketServer({ port: 0, host: "127.0.0.1", ...limits }) };
  if (mode === "server") {
    const http = createServer();
    return { wss: new WebSocketServer({ server: http, ...limits }), http };
  }
  // The guard gets a connection at its upgrade request. Until then Node's own limits apply. An invalid limit is
  // left to the guard, which refuses it.
  const headersTimeout = options.limits?.handshake || 60_000;
  const http = createServer({ headersTimeout, connectionsCheckingInterval: 50 });
  const wss = new WebSocketServer({ noServer: true, ...limits });
  http.on("upgrade", (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, (client) => wss.emit("connection", client, request));
  });
  return { wss, http };
}

async function listening(wss: WebSocketServer, http: Server | undefined): Promise<number> {
  http?.listen(0, "127.0.0.1");
  const server = http ?? wss;
  if (server.address() === null) await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as AddressInfo).port;
}

function closing(server: Server | WebSocketServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** Maps the tokens of the suite to the `authorization` header. */
function optionsOf({ options }: ServerSetup): WsGuardOptions {
  const { authenticate, ...rest } = options;
  if (authenticate === undefined) return rest;
  const tokenOf = ({ headers }: IncomingMessage) => headers.authorization?.replace("Bearer ", "");
  return { ...rest, authenticate: (request, asked) => authenticate({ token: tokenOf(request) }, asked) };
}

/** The application behind the guard, without any rule. */
function runApplication(socket: WebSocket, session: HarnessSession, wire: Wire, setup: ServerSetup): void {
  setup.onOpen(session);
  socket.on("close", () => setup.onClose(session));
  if (setup.consumer) return;
  socket.on("message", (data) => {
    for (const frame of [JSON.parse(data.toString())].flat()) {
      const { id, action, payload } = wire.read(frame as never);
      const send = (answer: unknown) => socket.send(JSON.stringify(wire.reply(id, answer)));
      const answer = setup.onMessage({ action, payload, session });
      if (answer instanceof Promise) answer.then(send);
      else send(answer);
    }
  });
}
