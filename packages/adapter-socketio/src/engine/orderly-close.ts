import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection, BareSocket, BareWebSocket } from "../socketio-internals.js";
import { CLOSE_TIMEOUT_MS, type HandshakeTimeout } from "./handshake-timeout.js";
import type { GuardState, Membership } from "./membership.js";

/** Closes one connection once the guards of all its namespaces agree, and tells when the client is gone. */
export class OrderlyClose {
  readonly #connection: BareConnection;
  readonly #membership: Membership;
  readonly #timeout: HandshakeTimeout;
  /** By socket: its guard. */
  readonly #gates = new WeakMap<object, GuardState>();
  /** Sockets whose sessions have ended, and wait for those of the others. */
  readonly #ended = new WeakSet<object>();
  #isEnding = false;
  readonly #callbacks: (() => void)[] = [];

  constructor(connection: BareConnection, membership: Membership, timeout: HandshakeTimeout) {
    this.#connection = connection;
    this.#membership = membership;
    this.#timeout = timeout;
    connection.once("close", this.#callBackOnceGone);
  }

  /** A session begins. */
  enter(socket: BareSocket, gate: GuardState): void {
    this.#gates.set(socket, gate);
  }

  /**
   * Closes the connection of a session that has ended so that its client comes back, behind what is sent already.
   *
   * @param isGuardClosing True when its guard is closing: accepted events of other namespaces are answered before.
   * @returns Whether it is closed now or later. Not where the client stays in a namespace whose guard is not closing.
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
   * Calls back once the client is gone, or has fetched its answers and stays for another namespace. INVARIANT: a client
   * that polls has an answer when it has fetched it, and not when it was sent.
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

  /** INVARIANT: a session that has ended and waits for the others is looked at whenever one of them ends. */
  #closeOnceEnded(): void {
    if (this.#isEnding && this.#membership.sockets.every((socket) => this.#ended.has(socket))) this.#close();
  }

  /** Begins an orderly close, and makes sure that it ends. */
  #close(): void {
    if (this.#connection.readyState !== "open") return;
    const { socket } = this.#connection.transport;
    // The one of ws waits half a minute for its client's answer.
    const wait = new Timeout(CLOSE_TIMEOUT_MS, () => {
      if (this.#connection.readyState === "closed") socket?.terminate?.();
      else this.#timeout.start();
    });
    (socket?.once ? (socket as Required<BareWebSocket>) : this.#connection).once("close", () => wait.cancel());
    this.#connection.close();
  }

  /** One listener, whatever the number of namespaces: Node warns of many. */
  readonly #callBackOnceGone = (): void => {
    if (!this.#isThrough) this.#connection.once("drain", this.#callBackOnceGone);
    else for (const callback of this.#callbacks.splice(0)) callback();
  };

  get #isThrough(): boolean {
    const { readyState, writeBuffer } = this.#connection;
    return readyState === "closed" || (readyState === "open" && this.#membership.isInside && writeBuffer.length === 0);
  }
}
