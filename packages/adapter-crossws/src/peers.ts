import type { Peer } from "crossws";
import type { PeerConnection } from "./connection.js";

/**
 * Pairs the upgrades of one guard with their peers. crossws hands the context of an upgrade to its peer, on a Durable
 * Object only the request. A connection is handed out once, to the first peer that names it.
 */
export class PeerRegistry {
  readonly #key = Symbol("portcullis");
  readonly #byRequest = new WeakMap<object, PeerConnection>();
  readonly #byPeer = new WeakMap<Peer, PeerConnection>();

  /** Returns the context to be handed to the peer of an upgrade. */
  contextOf(connection: PeerConnection): object {
    this.#byRequest.set(connection.request, connection);
    return { [this.#key]: connection };
  }

  get(peer: Peer): PeerConnection | undefined {
    return this.#byPeer.get(peer);
  }

  /** Takes the connection of a new peer; `undefined` when its upgrade has not passed this guard. */
  take(peer: Peer): PeerConnection | undefined {
    const context = peer.context as Record<symbol, PeerConnection | undefined>;
    const connection = this.#byRequest.get(peer.request) ?? context[this.#key];
    this.#byRequest.delete(peer.request);
    delete context[this.#key];
    if (connection === undefined || connection.raw !== undefined) return undefined;
    this.#byPeer.set(peer, connection);
    return connection;
  }
}
