import type { BareSocket, Receiver, SocketInternals } from "./ws-internals.js";

/**
 * How much of one client is handed on in one turn of the event loop: what comes together stays together. Less than ws
 * bears of pings that it has not answered.
 */
const MESSAGES_PER_TICK = 48;
/** How much of all together that have more than their share, but of each at least `LEAST`. */
const MESSAGES_OF_ALL = 256;
const LEAST = 2;

/** How many have used up their share, and have not yet had one to spare. */
let busyConnections = 0;

/** Hands on a share of what one client sends in every turn of the event loop, so that the others have theirs. */
export class FairShare {
  readonly #receiver: Receiver;
  #left = MESSAGES_PER_TICK;
  #isBusy = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    receiver._allowSynchronousEvents = true;
  }

  /** Whether more may be handed on in this turn. */
  get hasShare(): boolean {
    return this.#left > 0;
  }

  /** Counts a message, a ping, a pong that is handed on. */
  take(): void {
    this.#left -= 1;
    if (this.#left !== 0) return;
    this.#receiver._allowSynchronousEvents = false;
    if (!this.#isBusy) busyConnections += 1;
    this.#isBusy = true;
    // INVARIANT: asked for before ws asks for its own, so that the share is there when ws goes on.
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#left = Math.max(LEAST, Math.min(MESSAGES_PER_TICK, Math.floor(MESSAGES_OF_ALL / busyConnections)));
    this.#receiver._allowSynchronousEvents = true;
    setImmediate(this.#calm);
  };

  /** A turn has passed: a connection that has something left of it is not busy any more. */
  readonly #calm = (): void => {
    if (this.#left <= 0 || !this.#isBusy) return;
    this.#isBusy = false;
    busyConnections -= 1;
    this.#left = MESSAGES_PER_TICK;
  };
}

/**
 * Lets a socket take turns with all others, where ws was told to put off every message.
 *
 * @returns Undefined where this ws cannot be told anew while it reads: then it goes on putting off every message.
 */
export function fairShareOf(socket: BareSocket): FairShare | undefined {
  const { _receiver: receiver } = socket as SocketInternals;
  return receiver?._allowSynchronousEvents === false ? new FairShare(receiver as Receiver) : undefined;
}
