// @ts-check
// The servers under load: of ws and of socket.io; bare, checked by hand, or guarded. All answer every request.

import { once } from "node:events";
import { createServer } from "node:http";
import { Handled, policy } from "./rules.mjs";
import { guardSocketIo, handSocketIo } from "./socketio.mjs";
import { guardWs, handWs } from "./ws.mjs";

/**
 * @typedef {object} Setup
 * @property {import("../lib/dialects.mjs").Transport} transport
 * @property {"bare" | "hand" | "guard"} kind
 * @property {number} [authenticate] How long `authenticate` takes, in milliseconds.
 * @property {{ connect?: number, action?: number }} [timeout]
 * @property {Record<string, number>} [limits]
 * @property {boolean} [isCounted] Whether a guard counts what it refuses. Default true.
 * @property {boolean} [fairScheduling] True when a guard schedules its connections fairly. Default true.
 *
 * @typedef {object} Behind What runs behind the HTTP server.
 * @property {() => number} connections
 * @property {() => number} unread What waits for clients that do not read: bytes of ws, packets of engine.io.
 * @property {AnyGuard} [guard]
 * @property {() => Promise<void>} close
 */

/** @typedef {import("node:http").Server} HttpServer */
/** @typedef {import("@portcullis/core/adapter").GuardOf<never>} AnyGuard */
/** @typedef {(http: HttpServer, setup: Setup, counts: Counts) => Behind} Serve */

const SERVERS = {
  ws: { bare: handWs, hand: handWs, guard: guardWs },
  "socket.io": { bare: handSocketIo, hand: handSocketIo, guard: guardSocketIo },
};

/** Counts of a server. */
export class Counts {
  handled = new Handled();
  /** By code. @type {Map<string, number>} */
  refused = new Map();

  /** @param {{ decision: import("@portcullis/core").Decision }} event */
  decision = ({ decision: { outcome, code } }) => {
    if (outcome !== "allow") this.refuse(code);
  };

  /** @param {string} code */
  refuse(code) {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}

/**
 * Starts a server on 127.0.0.1.
 *
 * @param {Setup} setup
 */
export async function startServer(setup) {
  const http = createServer();
  const counts = new Counts();
  const serve = /** @type {Serve} */ (SERVERS[setup.transport][setup.kind]);
  const behind = serve(http, setup, counts);
  // As many as a storm has: else the kernel would turn clients away before the server hears of them.
  http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(http, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (http.address());
  return {
    port,
    transport: setup.transport,
    guard: behind.guard,
    /** @param {number} count */
    stir: (count) => behind.guard && stir(behind.guard, count),
    report: () => ({
      connections: behind.connections(),
      sessions: behind.guard?.sessions.size ?? 0,
      handled: counts.handled.total,
      unauthorised: counts.handled.unauthorised,
      unread: behind.unread(),
      refused: Object.fromEntries(counts.refused),
    }),
    async close() {
      await behind.guard?.close();
      http.close();
      await behind.close();
      http.closeAllConnections();
    },
  };
}

/**
 * Ends some connections from the server's side, asks others again who they are, and puts the same rules in force.
 *
 * @param {AnyGuard} guard
 * @param {number} count
 */
function stir(guard, count) {
  const [...some] = [...guard.sessions].slice(0, 2 * count);
  for (const [index, session] of some.entries()) {
    if (index % 2 === 0) session.close(4000, "load");
    else session.refresh();
  }
  guard.replace(policy);
}
