import { type AttachedServer, closeCodeOf } from "@portcullis/core/adapter";
import { sizeOf } from "@portcullis/core/frames";
import type { Hooks, Message, Peer } from "crossws";
import { attempt, closePeer } from "./close-peer.js";
import { type Guarding, PeerConnection } from "./connection.js";
import { frameOf } from "./message.js";
import { PeerRegistry } from "./peers.js";
import { answerUpgrade } from "./upgrade.js";
import type { UpgradeRequest } from "./upgrade-facts.js";

type Result = ReturnType<Hooks["message"]>;
type CloseDetails = Parameters<Hooks["close"]>[1];

const NO_SOCKET =
  "an upgrade on Node came without its socket, so that a client can end the process by a reset: serve with crossws/server, or give handleUpgrade() a NodeRequest of srvx with { req, upgrade: { socket, head } }";

const STRANGERS =
  "peers came that this guard has not admitted, and were closed with 1008: give its hooks to one route, or to the server where no route has hooks";

/** The hooks of a guarded server. They call those of the application, for peers that were admitted. */
export class GuardedHooks implements AttachedServer<Peer> {
  readonly #peers = new PeerRegistry();
  readonly #guarding: Guarding;
  #isBare = false;
  #hasStrangers = false;

  constructor(guarding: Guarding) {
    this.#guarding = guarding;
  }

  sessionOf(peer: Peer): ReturnType<AttachedServer<Peer>["sessionOf"]> {
    return this.#peers.get(peer)?.session;
  }

  audit(): readonly string[] {
    return [...(this.#isBare ? [NO_SOCKET] : []), ...(this.#hasStrangers ? [STRANGERS] : [])];
  }

  /** Returns the hooks for crossws, which calls them without `this`. */
  toHooks(): Hooks {
    return {
      upgrade: (request) => this.#upgrade(request),
      open: (peer) => this.#open(peer),
      message: (peer, message) => this.#message(peer, message),
      close: (peer, details) => this.#close(peer, details),
      error: (peer, error) => {
        const connection = this.#peers.get(peer);
        if (connection) connection.hasFailed = true;
        return this.#pass(peer, (hooks) => hooks.error?.(peer, error));
      },
      drain: (peer) => {
        this.#peers.get(peer)?.outgoing?.update();
        return this.#pass(peer, (hooks) => hooks.drain?.(peer));
      },
      ping: (peer, data) => this.#pass(peer, (hooks) => hooks.ping?.(peer, data)),
      pong: (peer, data) => this.#pass(peer, (hooks) => hooks.pong?.(peer, data)),
    };
  }

  #upgrade(request: UpgradeRequest): ReturnType<Hooks["upgrade"]> {
    const connection = new PeerConnection(this.#guarding, request);
    this.#isBare ||= connection.isBare;
    return answerUpgrade(connection, () => this.#peers.contextOf(connection));
  }

  /** Opens a new peer. A second call changes nothing. */
  #open(peer: Peer): Result {
    if (this.#peers.get(peer)) return;
    const connection = this.#peers.take(peer);
    if (connection === undefined) this.#hasStrangers = true;
    else connection.onLost = () => void this.#close(peer, { code: 1006 });
    const refused = connection?.refused;
    if (refused) connection.refuse(peer, closeCodeOf(refused), refused.code);
    // The guard was closed during the upgrade: the application hears nothing of the peer.
    else if (connection && this.#guarding.gate.isClosing) connection.refuse(peer, 1001, "going away");
    else if (connection === undefined || !attempt(() => connection.open(peer))) closePeer(peer, 1008, "not admitted");
    else return this.#guarding.hooks.open?.(peer);
  }

  #message(peer: Peer, message: Message): Result {
    // crossws calls this hook before `open` where a global `open` takes time and the route's waits for it.
    if (!this.#peers.get(peer)) this.#open(peer);
    const connection = this.#peers.get(peer);
    if (connection?.session === undefined || connection.session.isEnded) return;
    const { session, outgoing, exchange } = connection;
    const { codec, maxPayload } = this.#guarding;
    const frame = frameOf(message);
    if (frame !== undefined && frame === codec.heartbeat?.ping) {
      attempt(() => outgoing?.send(codec.heartbeat?.pong));
      return;
    }
    const bytes = sizeOf(frame);
    if (bytes > maxPayload) return session.close(1009, "message too big");
    // A message that waits has no result yet.
    connection.result = undefined;
    exchange?.receive(frame, bytes, message);
    const { result } = connection;
    connection.result = undefined;
    return result as Result;
  }

  /** Ends a session: at once after a cut, else after its last message. The hook of the application is called then. */
  #close(peer: Peer, details: CloseDetails): Result {
    const connection = this.#peers.get(peer);
    if (!connection || connection.isGone) return;
    let result: Result | undefined;
    const end = () => {
      connection.session?.end();
      result = this.#guarding.hooks.close?.(peer, details);
    };
    try {
      if (connection.session && isCut(details, connection)) end();
      else connection.session?.drain(end);
    } finally {
      connection.gone();
    }
    return result as Result;
  }

  /** Calls a hook of the application for a peer whose `open` it has got, and whose end it has not. */
  #pass(peer: Peer, call: (hooks: Partial<Hooks>) => Result): Result {
    const connection = this.#peers.get(peer);
    if (connection?.session && !connection.isGone) return call(this.#guarding.hooks);
  }
}

/** True when the client has sent no close. Deno tells no code, but reports an error first. */
function isCut(details: CloseDetails | undefined, { hasFailed }: PeerConnection): boolean {
  return details?.code === undefined ? hasFailed : details.code === 1006;
}
