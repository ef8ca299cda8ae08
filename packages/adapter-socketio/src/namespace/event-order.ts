import type { Cork } from "../engine/cork.js";

/** Lets each event reach its listeners before the next one is decided, and corks the answers to those of one read. */
export class EventOrder {
  readonly #cork: Cork;
  /** True while an event is on its way to its listeners. */
  #isFlushing = false;
  #isCorked = false;

  constructor(cork: Cork) {
    this.#cork = cork;
  }

  /** An event has arrived. Behind one that is on its way it belongs to the same read. */
  arrive(): void {
    if (!this.#isFlushing || this.#isCorked) return;
    this.#isCorked = true;
    this.#cork.cork();
  }

  /** Calls back in the next tick, in which socket.io emits a delivered event. */
  flush(whenFlushed: () => void): void {
    this.#isFlushing = true;
    process.nextTick(() => {
      this.#isFlushing = false;
      try {
        // It may end the session, and a listener of the application may throw at that.
        whenFlushed();
      } finally {
        if (this.#isCorked && !this.#isFlushing) {
          this.#isCorked = false;
          this.#cork.uncork();
        }
      }
    });
  }
}
