import type { BareSocket, Receiver, SocketInternals } from "./ws-internals.js";

/**
 * Frames of one client that are forwarded in one turn of the event loop. Frames that arrive together stay together up
 * to this number. It is below the number of unanswered pings that ws accepts.
 */
const MESSAGES_PER_TICK = 48;
/** Frames of all busy clients together in one turn. Each of them gets at least `LEAST`. */
const MESSAGES_OF_ALL = 256;
const LEAST = 2;

/** Number of connections that have used up their share, and have had nothing left of one since. */
let busyConnections = 0;

/** Limits the frames of one client that are forwarded in one turn of the event loop, so that others are served too. */
export class FairShare {
  readonly #receiver: Receiver;
  #left = MESSAGES_PER_TICK;
  #isBusy = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    receiver._allowSynchronousEvents = true;
  }

  /** True when more frames may be forwarded in this turn. */
  get hasShare(): boolean {
    return this.#left > 0;
  }

  /** Counts a forwarded message, ping or pong, or several requests of one frame. */
  take(count = 1): void {
    const before = this.#left;
    this.#left -= count;
    if (before <= 0 || this.#left > 0) return;
    this.#receiver._allowSynchronousEvents = false;
    if (!this.#isBusy) busyConnections += 1;
    this.#isBusy = true;
    // INVARIANT: scheduled before ws schedules its own immediate, so that the share is renewed when ws continues.
    setImmediate(renew, this);
  }

  /** Renews the share, for the next turn. */
  renew(): void {
    this.#left = Math.max(LEAST, Math.min(MESSAGES_PER_TICK, Math.floor(MESSAGES_OF_ALL / busyConnections)));
    this.#receiver._allowSynchronousEvents = true;
    setImmediate(calm, this);
  }

  /** Runs one turn after a renewal. A connection that has some of its share left is not busy any more. */
  calm(): void {
    if (this.#left <= 0 || !this.#isBusy) return;
    this.#isBusy = false;
    busyConnections -= 1;
    this.#left = MESSAGES_PER_TICK;
  }
}

/** Functions for all connections, because closures of its own would cost each of them 150 bytes. */
const renew = (share: FairShare): void => share.renew();
const calm = (share: FairShare): void => share.calm();

/**
 * Creates the share of a socket whose server runs with `allowSynchronousEvents: false`.
 *
 * @returns Undefined when this version of ws does not allow a change while it reads. It then defers every message.
 */
export function fairShareOf(socket: BareSocket): FairShare | undefined {
  const { _receiver: receiver } = socket as SocketInternals;
  return receiver?._allowSynchronousEvents === false ? new FairShare(receiver as Receiver) : undefined;
}
