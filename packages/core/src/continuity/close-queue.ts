import { readClock } from "../util/clock.js";
import { throwAsync } from "../util/throw-async.js";

/** A connection that was closed, and is gone some time later. */
export interface ClosedConnection {
  /** Calls back once it is gone. */
  whenGone(callback: () => void): void;
}

/** A connection whose authorization has ended. */
export interface Closing {
  /** The parts that connections of one guard share. */
  readonly guard: object;
  readonly connection: ClosedConnection;
  /** Ends everything of the connection but its transport. */
  end(): void;
  /** Closes the transport. */
  closeTransport(): void;
}

/** Closes of one second, and of one burst. */
const RATE = { perSecond: 2_000, burst: 200 };
/** Milliseconds for which connections are ended in one tick, whatever the number of revocations. */
const SLICE = 5;
/** Milliseconds of a tick, and between two turns. */
const TICK = 10;
/** Milliseconds after which a turn counts as lost. */
const LOST = 5_000;

/**
 * Closes connections at a rate that clients and their reconnects can bear. A connection in the queue has ended already:
 * nothing of it is delivered. Urgent closes go first: those of a few connections that were revoked or refused, before those of
 * many, and of ones that have expired or could not be authenticated again.
 */
export class CloseQueue {
  /** Connections whose `end` is left to be called. */
  readonly #ending = new Set<Closing>();
  readonly #urgent = new Set<Closing>();
  readonly #others = new Set<Closing>();
  #credit = RATE.burst;
  #filledAt = 0;
  /** The begin of the present tick, and the milliseconds of work that are left in it. */
  #tickAt = Number.NEGATIVE_INFINITY;
  #left = SLICE;
  /** The time of the next turn; 0 where none is scheduled. */
  #next = 0;
  /** True while connections are ended or closed, which calls the application. */
  #isFlushing = false;

  add(one: Closing, isUrgent: boolean): void {
    this.#ending.add(one);
    (isUrgent ? this.#urgent : this.#others).add(one);
  }

  /**
   * Ends and closes as many as one turn allows, and the others in later turns. Within a turn it does nothing, because the
   * application may revoke others where it hears of an end: the turn that is under way takes these too.
   */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      this.#takeTurn();
    } finally {
      this.#isFlushing = false;
    }
  }

  /**
   * Ends and closes all connections of a guard that is closed.
   *
   * @returns The connections that it has closed.
   */
  closeAll(guard: object): ClosedConnection[] {
    const closed: ClosedConnection[] = [];
    for (const one of [...this.#ending, ...this.#urgent, ...this.#others]) {
      if (one.guard !== guard) continue;
      if (this.#ending.delete(one)) attempt(() => one.end());
      if (this.#urgent.delete(one) || this.#others.delete(one)) {
        attempt(() => one.closeTransport());
        closed.push(one.connection);
      }
    }
    return closed;
  }

  #takeTurn(): void {
    const start = readClock();
    if (Math.abs(start - this.#tickAt) >= TICK) {
      this.#tickAt = start;
      this.#left = SLICE;
    }
    const end = start + this.#left;
    const isTime = () => readClock() < end;
    const earned = ((start - this.#filledAt) * RATE.perSecond) / 1000;
    this.#credit = earned < 0 ? RATE.burst : Math.min(RATE.burst, this.#credit + earned);
    this.#filledAt = start;
    this.#take(this.#ending, (one) => one.end(), isTime);
    for (const list of [this.#urgent, this.#others]) {
      this.#take(
        list,
        (one) => one.closeTransport(),
        () => this.#credit >= 1 && isTime() && this.#spend(),
      );
    }
    this.#left = end - readClock();
    if (this.#ending.size + this.#urgent.size + this.#others.size > 0) this.#schedule();
  }

  #spend(): true {
    this.#credit -= 1;
    return true;
  }

  /** One leaves the list before its turn, because the application may change the list within it. */
  #take(list: Set<Closing>, action: (one: Closing) => void, mayGoOn: () => boolean): void {
    for (const one of list) {
      if (!mayGoOn()) return;
      list.delete(one);
      attempt(() => action(one));
    }
  }

  #schedule(): void {
    const now = readClock();
    // A turn that is long overdue will not come: its timer belonged to a clock that was replaced.
    const late = now - this.#next;
    if (this.#next > 0 && late >= -TICK && late < LOST) return;
    this.#next = now + TICK;
    setTimeout(() => {
      this.#next = 0;
      this.flush();
    }, TICK);
  }
}

/** A listener of the application may throw. The other connections are closed all the same. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    throwAsync(error);
  }
}

/** The queue of the process. */
export const closes = new CloseQueue();
