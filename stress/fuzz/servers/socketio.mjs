// @ts-check
import { createServer } from "node:http";
import { guard } from "@portcullis/adapter-socketio";
import { Server } from "socket.io";
import { parser } from "../lib/msgpack.mjs";
import { eventOutcome, own, userOf } from "../lib/readings.mjs";
import { HEARD } from "../lib/talk.mjs";
import { adminPolicy, authenticated, LIMITS, openPolicy, policy } from "./policy.mjs";

/** @typedef {import("../lib/ledger.mjs").Ledger} Ledger */
/** @typedef {import("socket.io").Socket} Socket */

/** The token of a socket's handshake. @param {Socket} socket */
const tokenOf = ({ handshake }) => /** @type {string | undefined} */ (own(handshake.auth, "token"));

/** Why socket.io itself says that a socket has gone. */
const REASONS = new Set([
  "transport error",
  "server namespace disconnect",
  "client namespace disconnect",
  "ping timeout",
  "transport close",
  "server shutting down",
  "parse error",
  "forced close",
  "forced server close",
]);

/** Answers whatever reaches it, and reads it again. @param {Ledger} ledger */
const listen = (ledger) => (/** @type {Socket} */ socket) => {
  const user = userOf(tokenOf(socket));
  if (socket.nsp.name === "/admin") ledger.heard(user === "root" ? "allow" : "not admitted", () => `${user} in /admin`);
  const reserved = (/** @type {string} */ name) => ledger.note("unauthorised", `a client has said "${name}"`);
  for (const name of ["connect", "connect_error"]) socket.on(name, () => reserved(name));
  // socket.io itself says so of what its parser could not read.
  socket.on("error", (/** @type {unknown} */ error) => error instanceof Error || reserved("error"));
  for (const name of ["disconnect", "disconnecting"]) {
    socket.on(name, (/** @type {any} */ reason) => REASONS.has(reason) || reserved(name));
  }
  socket.onAny((name, ...args) => {
    const answer = typeof args.at(-1) === "function" ? args.pop() : undefined;
    ledger.heard(eventOutcome(user, name, args), () => `${socket.nsp.name} ${user} ${name} ${JSON.stringify(args)}`);
    if (answer) answer(HEARD);
    else socket.emit(HEARD);
  });
};

/**
 * A guarded server of socket.io for each of two parsers, with a namespace of its own rules and some made for a pattern.
 *
 * @param {Ledger} ledger
 * @param {{ isOpen: boolean }} options `isOpen` edits the policy behind the guard's back.
 */
export async function start(ledger, { isOpen }) {
  const servers = { json: createServer(), msgpack: createServer() };
  const engines = [new Server(servers.json, timing()), new Server(servers.msgpack, { ...timing(), parser })];
  /** @type {import("@portcullis/adapter-socketio").Guard[]} */
  const guards = [];
  for (const io of engines) {
    const options = {
      authenticate: (/** @type {Socket} */ socket) => authenticated(tokenOf(socket)),
      limits: LIMITS,
      onDecision() {},
    };
    guards.push(guard(io, policy, /** @type {any} */ (options)));
    guards.push(guard(io.of("/admin"), adminPolicy, /** @type {any} */ (options)));
    if (isOpen) for (const guarded of guards) guarded.replace(openPolicy);
    io.on("connection", listen(ledger));
    io.of("/admin").on("connection", listen(ledger));
    io.of(/^\/dyn-\d+$/).on("connection", listen(ledger));
  }
  /** @type {Record<string, number>} */
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    ports[name] = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  }
  const connections = () => engines.reduce((sum, { engine }) => sum + engine.clientsCount, 0);
  return {
    ports,
    servers,
    /** Number of open sessions, and of connections without one. */
    sessions: () => guards.reduce((sum, { sessions }) => sum + [...sessions].length, 0) + connections(),
  };
}

/** A client that is silent is soon forgotten, but not one on a busy machine. */
const timing = () => ({ pingInterval: 5000, pingTimeout: 15_000, cleanupEmptyChildNamespaces: true });
