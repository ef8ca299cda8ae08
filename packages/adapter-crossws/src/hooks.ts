import type { AttachedServer } from "@portcullis/core/adapter";
import { closeSocket } from "@portcullis/core/frames";
import type { Hooks, Peer } from "crossws";
import { PeerConnection } from "./connection.js";
import type { Guarding } from "./options.js";
import { PeerRegistry } from "./peers.js";
import { answerUpgrade } from "./upgrade.js";

const NO_SOCKET =
  "an upgrade on Node came without its socket, so that a client can end the process by a reset: serve with crossws/server, or give handleUpgrade() a NodeRequest of srvx with { req, upgrade: { socket, head } }";

const STRANGERS =
  "peers came that this guard has not admitted, and were closed with 1008: give its hooks to one route, or to the server where no route has hooks";

/** The hooks of a guarded server. They call those of the application, for peers that were admitted. */
export class GuardedHooks implements AttachedServer<Peer> {
  readonly #peers = new PeerRegistry();
  /** The sentences of `audit()`. */
  readonly #problems = new Set<string>();

  constructor(private readonly guarding: Guarding) {}

  sessionOf(peer: Peer): ReturnType<AttachedServer<Peer>["sessionOf"]> {
    return this.#peers.get(peer)?.session;
  }

  audit(): readonly string[] {
    return [...this.#problems];
  }

  /** Returns the hooks for crossws, which calls them without `this`. */
  toHooks(): Hooks {
    const peers = this.#peers;
    return {
      upgrade: (request) => {
        const connection = new PeerConnection(this.guarding, request);
        if (connection.isBare) this.#problems.add(NO_SOCKET);
        return answerUpgrade(connection, () => peers.contextOf(connection));
      },
      // A second call changes nothing.
      open: (peer) => (peers.get(peer) ? undefined : this.#open(peer)),
      message: (peer, message) => {
        const connection = peers.get(peer);
        if (connection) return connection.receiveMessage(message);
        // crossws calls this hook before `open` where a global `open` takes time and the route's waits for it.
        this.#open(peer);
        return peers.get(peer)?.receiveMessage(message);
      },
      close: (peer, details) => peers.get(peer)?.endPeer(details),
      error: (peer, error) => {
        const connection = peers.get(peer);
        if (connection) connection.hasFailed = true;
        return connection?.hooks.error?.(peer, error);
      },
      drain: (peer) => {
        peers.get(peer)?.drained();
        return peers.get(peer)?.hooks.drain?.(peer);
      },
      ping: (peer, data) => peers.get(peer)?.hooks.ping?.(peer, data),
      pong: (peer, data) => peers.get(peer)?.hooks.pong?.(peer, data),
    };
  }

  #open(peer: Peer): ReturnType<Hooks["open"]> {
    const connection = this.#peers.take(peer);
    if (connection) return connection.openPeer(peer);
    this.#problems.add(STRANGERS);
    closeSocket(peer, 1008, "not admitted");
  }
}
