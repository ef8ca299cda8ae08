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

/** A guarded server, and the hooks for crossws. They call those of the application, for peers that were admitted. */
export interface GuardedHooks extends AttachedServer<Peer> {
  readonly hooks: Hooks;
}

/** Makes the hooks of a guarded server. */
export function guardHooks(guarding: Guarding): GuardedHooks {
  const peers = new PeerRegistry();
  /** The sentences of `audit()`. */
  const problems = new Set<string>();
  const open = (peer: Peer) => {
    const connection = peers.take(peer);
    if (connection) return connection.openPeer(peer);
    problems.add(STRANGERS);
    closeSocket(peer, 1008, "not admitted");
  };
  const hooks: Hooks = {
    upgrade(request) {
      const connection = new PeerConnection(guarding, request);
      if (connection.isBare) problems.add(NO_SOCKET);
      return answerUpgrade(connection, () => peers.contextOf(connection));
    },
    // A second call changes nothing.
    open: (peer) => (peers.get(peer) ? undefined : open(peer)),
    message(peer, message) {
      const connection = peers.get(peer);
      if (connection) return connection.receiveMessage(message);
      // crossws calls this hook before `open` where a global `open` takes time and the route's waits for it.
      open(peer);
      return peers.get(peer)?.receiveMessage(message);
    },
    close: (peer, details) => peers.get(peer)?.endPeer(details),
    error: (peer, error) => peers.get(peer)?.fail(error),
    drain: (peer) => peers.get(peer)?.drained(),
    ping: (peer, data) => peers.get(peer)?.hooks.ping?.(peer, data),
    pong: (peer, data) => peers.get(peer)?.hooks.pong?.(peer, data),
  };
  return { hooks, sessionOf: (peer) => peers.get(peer)?.session, audit: () => [...problems] };
}
