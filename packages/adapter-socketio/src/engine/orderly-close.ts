import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection, BareSocket, BareWebSocket } from "../socketio-internals.js";
import { CLOSE_TIMEOUT_MS, type HandshakeTimeout } from "./handshake-timeout.js";
import type { GuardState, Membership } from "./membership.js";

/** Closes one connection once the guards of all its namespaces agree, and calls back when the client is gone. */
export class OrderlyClose {
  readonly #connection: BareConnection;
  readonly #membership: Membership;
  readonly #timeout: HandshakeTimeout;
  /** Guards by socket. */
  readonly #gates = new WeakMap<object, GuardState>();
  /** Sockets whose sessions have ended, and which wait for the sessions of the others. */
  readonly #ended = new WeakSet<object>();
  #isEnding = false;
  readonly #callbacks: (() => void)[] = [];

  constructor(connection: BareConnection, membership: Membership, timeout: HandshakeTimeout) {
    this.#connection = connection;
    this.#membership = membership;
    this.#timeout = timeout;
    connection.once("close", this.#callBackOnceGone);
  }

  /** Registers the guard of a socket whose session begins. */
  enter(socket: BareSocket, gate: GuardState): void {
    this.#gates.set(socket, gate);
  }

  /**
   * Closes the connection of an ended session behind the data that is already sent, so that its client reconnects.
   *
   * @param isGuardClosing True when the guard of the session is closing. Accepted events of other namespaces are then
   *   answered before.
   * @returns True when the connection is closed now or later. False when the client stays in a namespace whose guard is
   *   not closing.
   */
  close(socket: BareSocket, isGuardClosing: boolean): boolean {
    if (!isGuardClosing) this.#close();
    else {
      if (this.#isStaying(socket)) return false;
      this.#ended.add(socket);
      this.#isEnding = true;
      this.#closeOnceEnded();
    }
    return true;
  }

  /**
   * Calls back once the client is gone, or has fetched its answers and stays for another namespace. INVARIANT: a
   * polling client has an answer when it has fetched it, not when the answer was sent.
   */
  whenGone(callback: () => void): void {
    this.#closeOnceEnded();
    if (this.#isThrough) callback();
    else if (this.#callbacks.push(callback) === 1) this.#connection.once("drain", this.#callBackOnceGone);
  }

  #isStaying(leaving: BareSocket): boolean {
    for (const socket of this.#membership.sockets) {
      if (socket !== leaving && this.#gates.get(socket)?.isClosing !== true) return true;
    }
    return this.#membership.isAwaitedElsewhere;
  }

  /** INVARIANT: whenever a session ends, the ended sessions that wait for it are checked again. */
  #closeOnceEnded(): void {
    if (this.#isEnding && this.#membership.sockets.every((socket) => this.#ended.has(socket))) this.#close();
  }

  /** Begins an orderly close, and ends it by force after a timeout. */
  #close(): void {
    if (this.#connection.readyState !== "open") return;
    const { socket } = this.#connection.transport;
    // The WebSocket of ws itself would wait 30 seconds for the close frame of the client.
    const wait = new Timeout(CLOSE_TIMEOUT_MS, () => {
      if (this.#connection.readyState === "closed") socket?.terminate?.();
      else this.#timeout.start();
    });
    (socket?.once ? (socket as Required<BareWebSocket>) : this.#connection).once("close", () => wait.cancel());
    this.#connection.close();
  }

  /** One listener for any number of namespaces, because Node warns about many. */
  readonly #callBackOnceGone = (): void => {
    if (!this.#isThrough) this.#connection.once("drain", this.#callBackOnceGone);
    else for (const callback of this.#callbacks.splice(0)) callback();
  };

  get #isThrough(): boolean {
    const { readyState, writeBuffer } = this.#connection;
    return readyState === "closed" || (readyState === "open" && this.#membership.isInside && writeBuffer.length === 0);
  }
}
