// @ts-check
import { guard } from "@portcullis/adapter-socketio";
import { Server } from "socket.io";
import { ask, authenticator, mayDo, policy } from "./rules.mjs";

const OK = { ok: true };
const DENIED = { ok: false, error: { code: "permission_denied", status: 403 } };
const ACTIONS = ["echo", "later", "hang", "secret"];

/** @param {Server} io */
const behind = (io) => ({
  connections: () => io.engine.clientsCount,
  unread: () =>
    /** @type {{ writeBuffer: unknown[] }[]} */ (Object.values(/** @type {any} */ (io.engine).clients)).reduce(
      (sum, { writeBuffer }) => sum + writeBuffer.length,
      0,
    ),
  close: async () => {
    await io.close();
  },
});

/**
 * @param {Server} io
 * @param {import("./server.mjs").Counts} counts
 * @param {(socket: import("socket.io").Socket) => unknown} userOf
 */
function answer(io, counts, userOf) {
  io.on("connection", (socket) => {
    for (const action of ACTIONS) {
      socket.on(action, (_payload, acknowledge) => {
        counts.handled.count(action, /** @type {import("./rules.mjs").User} */ (userOf(socket)));
        acknowledge?.(OK);
      });
    }
  });
}

/**
 * Without a guard: `hand` checks each event as the documentation shows it, `bare` none.
 *
 * @type {import("./server.mjs").Serve}
 */
export function handSocketIo(http, setup, counts) {
  const io = new Server(http, { transports: ["websocket"] });
  const authenticate = authenticator(0);
  io.use((socket, next) => {
    Object.assign(socket.data, authenticate(socket.handshake.headers));
    next();
  });
  if (setup.kind === "hand") {
    io.on("connection", (socket) => {
      socket.use((event, next) => {
        if (event[0] === "wait") return void ask().then(() => next());
        if (mayDo(socket.data.user, event[0])) return next();
        counts.refuse("permission_denied");
        const acknowledge = event.at(-1);
        if (typeof acknowledge === "function") acknowledge(DENIED);
        else socket.emit("permission_denied", DENIED);
      });
    });
  }
  answer(io, counts, (socket) => socket.data.user);
  return behind(io);
}

/** @type {import("./server.mjs").Serve} */
export function guardSocketIo(http, setup, counts) {
  const io = new Server(http, { transports: ["websocket"] });
  const authenticate = authenticator(setup.authenticate ?? 0);
  const guarded = guard(io, policy, {
    authenticate: ({ handshake }) => authenticate(handshake.headers),
    ...(setup.timeout && { timeout: setup.timeout }),
    ...(setup.limits && { limits: setup.limits }),
    fairScheduling: setup.fairScheduling ?? true,
    ...(setup.isCounted !== false && { onDecision: counts.decision }),
  });
  answer(io, counts, (socket) => guarded.sessionOf(socket)?.scope.user);
  return { ...behind(io), guard: /** @type {any} */ (guarded) };
}
