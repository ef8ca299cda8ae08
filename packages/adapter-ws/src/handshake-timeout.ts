import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Timeout } from "@portcullis/core/adapter";

/** What is used of an HTTP server. */
export interface HttpServer {
  on(event: string, listener: (subject: never) => void): unknown;
  off(event: string, listener: (subject: never) => void): unknown;
  listeners(event: string): unknown[];
}

/** The time one client takes until its handshake is decided. */
interface PendingHandshake {
  readonly timeout: Timeout;
  /** Whether its request has reached the guard. */
  isAsked: boolean;
}

/** What a connection may bring that is not for the guard, and what else it may be where the server listens for it. */
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
   * Watches the connections of a server. Those that bring an ordinary request, or an upgrade to something else, are
   * not the guard's concern any more.
   *
   * @returns Stops watching.
   */
  watch(server: HttpServer): () => void {
    const leave = ({ socket }: IncomingMessage) => {
      if (this.#running.get(socket)?.isAsked === false) this.end(socket);
    };
    const accept = (socket: Socket & Partial<TLSSocket>) => {
      if (socket.alpnProtocol === "h2") return;
      this.#start(socket);
      // To listen for these alone would change what the server does.
      for (const event of RARER) {
        const listeners = server.listeners(event);
        if (listeners.length > 0 && !listeners.includes(leave)) server.on(event, leave);
      }
    };
    // The socket of an encrypted connection is there once it is encrypted; until then the server has its own limit.
    const accepted = "setSecureContext" in server ? "secureConnection" : "connection";
    server.on(accepted, accept);
    for (const event of OTHERS) server.on(event, leave);
    return () => {
      server.off(accepted, accept);
      for (const event of [...OTHERS, ...RARER]) server.off(event, leave);
    };
  }

  /** The handshake has reached the guard. */
  ask(socket: Socket): void {
    this.#start(socket).isAsked = true;
  }

  /** The handshake is decided. */
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
