import type { BareSocket } from "./guarded-socket.js";

/**
 * How much of one client is handed on in one turn of the event loop: what comes together stays together. Less than ws
 * bears of pings that it has not answered.
 */
const SHARE = 48;
/** How much of all together that have more than their share, but of each at least `LEAST`. */
const SHARE_OF_ALL = 256;
const LEAST = 2;

/** What is used of a receiver of ws: it reads this of itself for each message, and puts off to the next turn if false. */
interface Receiver {
  _allowSynchronousEvents?: unknown;
}

/** How many have used up their share, and have not yet had one to spare. */
let greedy = 0;

/** Hands on a share of what one client sends in every turn of the event loop, so that the others have theirs. */
export class Turns {
  readonly #receiver: Receiver;
  #left = SHARE;
  #isGreedy = false;

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
    if (!this.#isGreedy) greedy += 1;
    this.#isGreedy = true;
    // INVARIANT: asked for before ws asks for its own, so that the share is there when ws goes on.
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#left = Math.max(LEAST, Math.min(SHARE, Math.floor(SHARE_OF_ALL / greedy)));
    this.#receiver._allowSynchronousEvents = true;
    setImmediate(this.#calm);
  };

  /** A turn has passed: who has something left of it is not greedy any more. */
  readonly #calm = (): void => {
    if (this.#left <= 0 || !this.#isGreedy) return;
    this.#isGreedy = false;
    greedy -= 1;
    this.#left = SHARE;
  };
}

/**
 * Lets a socket take turns with all others, where ws was told to put off every message.
 *
 * @returns Undefined where this ws cannot be told anew while it reads: then it goes on putting off every message.
 */
export function takeTurns(socket: BareSocket): Turns | undefined {
  const { _receiver: receiver } = socket as { readonly _receiver?: Receiver };
  return receiver?._allowSynchronousEvents === false ? new Turns(receiver) : undefined;
}
