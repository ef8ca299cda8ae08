import { createServer } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import type { Policy, Scope } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import type { Harness, HarnessSession, RunningServer, ServerSetup } from "@portcullis/testing";
import { Server, type Socket } from "socket.io";
import { guard, type SocketGuardOptions, serve } from "../src/index.js";
import { connectClient, GREETING, type Variant } from "./harness-client.js";

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "error", "newListener", "removeListener"];

/** Drives the socket.io adapter with real clients. */
export function socketHarness(name: string, variant: Variant): Harness {
  return {
    name,
    transport: "socket.io",
    lacks: {
      "refusal before the upgrade": "a client sends its namespace and its `auth` over an open connection",
      batches: "a packet holds one event",
    },
    entrances: ["/", "/present", "/later", "/pattern-1", "/function-1"],
    reservedActions: RESERVED,
    malformed: [
      { what: "an event called error", raw: ["error"], code: "bad_message" },
      { what: "an event called error, with null", raw: ["error", null], code: "bad_message" },
      { what: "an event without a name", raw: undefined, code: "missing_action" },
    ],
    // The kit connects over WebSocket, and also tries polling if available.
    ...(variant.transports.includes("websocket") && {
      attackable: {
        protocol: "socket.io",
        entrances: ["/present", "/later", "/pattern-1", "/function-1"],
        account: (token) => ({ auth: { token } }),
      },
    }),
    start: (setup) => start(variant, setup),
  };
}

async function start(variant: Variant, setup: ServerSetup): Promise<RunningServer> {
  // Before engine.io handles a connection, the limits of Node apply. The guard itself refuses an invalid limit.
  const headersTimeout = setup.options.limits?.handshake || 60_000;
  const http = createServer({ headersTimeout, connectionsCheckingInterval: 50 });
  const connections = new Set<TcpSocket>();
  http.on("connection", (connection) => connections.add(connection));
  const io = new Server(http, {
    transports: [...variant.transports],
    maxHttpBufferSize: setup.largestMessage ?? 1e8,
    connectionStateRecovery: {},
  });
  const namespaces = [io.sockets, io.of("/present"), io.of(/^\/pattern-\d$/)];
  const protecting = protect(io, setup);
  namespaces.push(
    io.of("/later"),
    io.of((name, _auth, next) => next(null, name === "/function-1")),
  );
  for (const namespace of namespaces) {
    namespace.on("connection", (socket) =>
      runApplication(socket, protecting.sessionOf(socket) as HarnessSession, setup),
    );
  }
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    guard: protecting,
    origin: `http://127.0.0.1:${port}`,
    connect: (handshake, listener) => connectClient({ port, ...variant }, handshake, listener),
    async stop() {
      for (const connection of connections) connection.destroy();
      await io.close();
    },
  };
}

/** The suite uses tokens, which are in `auth` here. */
function protect(io: Server, { options, policy, consumer }: ServerSetup) {
  const { authenticate, ...rest } = options;
  const given: SocketGuardOptions = {
    ...rest,
    ...(authenticate && {
      authenticate: ({ handshake }: Socket, asked: Parameters<typeof authenticate>[1]) =>
        authenticate({ token: handshake.auth.token }, asked),
    }),
  };
  if (consumer) return serve(io, consumer as ServableConsumer<Scope>, given);
  return guard(io, policy as Policy<Scope>, given);
}

/** The application behind the guard, which contains no rules. */
function runApplication(socket: Socket, session: HarnessSession, setup: ServerSetup): void {
  setup.onOpen(session);
  // A client can be resumed from the last event it got.
  socket.emit(GREETING);
  socket.on("disconnect", () => setup.onClose(session));
  if (setup.consumer) return;
  const listenFor = (action: string) =>
    socket.on(action, (payload, answer) => {
      const answered = setup.onMessage({ action, payload, session });
      if (answered instanceof Promise) answered.then(answer);
      else answer?.(answered);
    });
  // The suite chooses the names, so each listener is added before its first event is emitted.
  socket.onAny((action) => {
    if (socket.listenerCount(action) === 0) listenFor(action);
  });
}
