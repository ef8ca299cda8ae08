import type { BareNamespace, BareSocket } from "../socketio-internals.js";

/** A stand-in that equals no socket. */
const NO_SOCKET = { id: "" } as BareSocket;

/**
 * Removes sockets from one namespace. With `cleanupEmptyChildNamespaces` socket.io closes a child namespace as soon as
 * it is empty, even if a CONNECT is pending there. Here the namespace is removed once no CONNECT is pending.
 */
export class ChildCleanup {
  readonly #namespace: BareNamespace;
  readonly #remove: BareNamespace["_remove"];
  /** False when the namespace has the `_remove` of its class. An empty namespace then stays. */
  readonly #isCleanedUp: boolean;
  /** The number of CONNECT packets without a socket yet. */
  #requests = 0;

  constructor(namespace: BareNamespace) {
    this.#namespace = namespace;
    this.#remove = namespace._remove;
    this.#isCleanedUp = Object.hasOwn(namespace, "_remove");
  }

  /** A CONNECT has arrived. */
  begin(): void {
    this.#requests += 1;
  }

  /** A CONNECT now has a socket, or was refused without one. */
  finish(): void {
    this.#requests -= 1;
    const { name, server, sockets } = this.#namespace;
    const isOpen = server._nsps.get(name) === this.#namespace;
    if (this.#isCleanedUp && isOpen && sockets.size === 0 && !this.#isAwaitedBeside(NO_SOCKET)) this.remove(NO_SOCKET);
  }

  /** Removes a socket. With the last one the child namespace is removed too, unless a client is about to enter. */
  remove(socket: BareSocket): void {
    const namespace = this.#namespace;
    if (!this.#isCleanedUp || !this.#isAwaitedBeside(socket)) this.#remove.call(namespace, socket);
    else (Object.getPrototypeOf(namespace) as BareNamespace)._remove.call(namespace, socket);
  }

  #isAwaitedBeside(socket: BareSocket): boolean {
    const entering = this.#namespace._preConnectSockets;
    const others = (entering?.size ?? 0) - (entering?.get(socket.id) === socket ? 1 : 0);
    return this.#requests > 0 || others > 0;
  }
}
