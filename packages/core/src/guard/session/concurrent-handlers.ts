import { Timeout } from "../../util/deadline.js";

/** The handlers of one session that run beside its queue, and the one message that waits for a free place. */
export class ConcurrentHandlers {
  #running = 0;
  #waiting: { readonly wait: Timeout; readonly settle: (isFree: boolean) => void } | undefined;

  /** @param limit The number of handlers that may run at once. */
  constructor(private readonly limit: number) {}

  /** True when no further handler may run. */
  get isFull(): boolean {
    return this.#running >= this.limit;
  }

  get running(): number {
    return this.#running;
  }

  /** @param handling A promise that never rejects. */
  run(handling: Promise<unknown>, whenDone: () => void): void {
    this.#running += 1;
    void handling.then(() => {
      this.#running -= 1;
      whenDone();
    });
  }

  /** Waits until `settle`, at most for the given milliseconds. Resolves to true when another handler may run. */
  whenFree(milliseconds: number): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiting = { wait: new Timeout(milliseconds, () => this.settle(false)), settle };
    });
  }

  /** Ends the wait of the waiting message, if any. */
  settle(isFree: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.wait.cancel();
    waiting?.settle(isFree);
  }
}
