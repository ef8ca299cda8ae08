import type { Cork } from "../engine/cork.js";

/** Delivers each event to its listeners before the next one is decided, and corks the answers to events of one read. */
export class EventOrder {
  readonly #cork: Cork;
  /** True while an event is being delivered to its listeners. */
  #isFlushing = false;
  #isCorked = false;

  constructor(cork: Cork) {
    this.#cork = cork;
  }

  /** An event has arrived. If another one is being delivered, both belong to the same read. */
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
        // The callback may end the session, and a listener of the application may then throw.
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
