import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Timeout } from "@portcullis/core/adapter";

/** The part of an HTTP server that is used. */
export interface HttpServer {
  on(event: string, listener: (subject: never) => void): unknown;
  off(event: string, listener: (subject: never) => void): unknown;
  listeners(event: string): unknown[];
}

/** The timeout of one client whose handshake is not decided yet. */
interface PendingHandshake {
  readonly timeout: Timeout;
  /** True when the request has reached the guard. */
  isAsked: boolean;
}

/** Server events of connections that are not for the guard. Those in `RARER` are only emitted to listeners. */
const OTHERS = ["request", "upgrade"];
const RARER = ["connect", "checkContinue", "checkExpectation"];

/** Destroys connections whose handshake is not decided in time. */
export class HandshakeTimeout {
  readonly #limit: number;
  readonly #running = new WeakMap<Socket, PendingHandshake>();
  readonly #onClose: (this: Socket) => void;

  /** @param limit Milliseconds from accept to decision. */
  constructor(limit: number) {
    this.#limit = limit;
    const end = (socket: Socket) => this.end(socket);
    this.#onClose = function onClose() {
      end(this);
    };
  }

  /**
   * Starts a timeout for each connection of a server. An ordinary request, or an upgrade to something else, ends it.
   *
   * @returns A function that removes the listeners.
   */
  watch(server: HttpServer): () => void {
    const leave = ({ socket }: IncomingMessage) => {
      if (this.#running.get(socket)?.isAsked === false) this.end(socket);
    };
    const accept = (socket: Socket & Partial<TLSSocket>) => {
      if (socket.alpnProtocol === "h2") return;
      this.#start(socket);
      // Node handles these events itself as long as nobody listens, so listen only where the server does.
      for (const event of RARER) {
        const listeners = server.listeners(event);
        if (listeners.length > 0 && !listeners.includes(leave)) server.on(event, leave);
      }
    };
    // A TLS socket is emitted after the TLS handshake. Until then the server's own `handshakeTimeout` applies.
    const accepted = "setSecureContext" in server ? "secureConnection" : "connection";
    server.on(accepted, accept);
    for (const event of OTHERS) server.on(event, leave);
    return () => {
      server.off(accepted, accept);
      for (const event of [...OTHERS, ...RARER]) server.off(event, leave);
    };
  }

  /** Notes that a handshake has reached the guard. */
  ask(socket: Socket): void {
    this.#start(socket).isAsked = true;
  }

  /** Ends the timeout of a decided handshake. */
  end(socket: Socket): void {
    const handshake = this.#running.get(socket);
    if (handshake === undefined) return;
    handshake.timeout.cancel();
    this.#running.delete(socket);
    socket.off("close", this.#onClose);
  }

  #start(socket: Socket): PendingHandshake {
    let handshake = this.#running.get(socket);
    if (handshake === undefined) {
      handshake = { timeout: new Timeout(this.#limit, () => socket.destroy()), isAsked: false };
      this.#running.set(socket, handshake);
      socket.on("close", this.#onClose);
    }
    return handshake;
  }
}
