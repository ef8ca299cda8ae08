import { Timeout } from "@portcullis/core/adapter";

/** A message that was allowed before anybody listened: kept until somebody does, or for the grace. */
export class FirstMessage {
  readonly #handOn: (isListenedTo: boolean) => void;
  readonly #grace: Timeout;
  #isHandedOn = false;
  /** Decides the next one. */
  #next: (() => void) | undefined;

  /** @param handOn Is called once, unless it is dropped. */
  constructor(grace: number, handOn: (isListenedTo: boolean) => void) {
    this.#handOn = handOn;
    this.#grace = new Timeout(grace, () => this.#end(false));
  }

  /** Somebody listens. The listener is called later, as it would be without a guard. */
  listen(): void {
    this.#grace.cancel();
    process.nextTick(() => this.#end(true));
  }

  /** The connection has ended: nobody hears of it any more. */
  drop(): void {
    this.#grace.cancel();
    this.#isHandedOn = true;
  }

  /** Calls back once it is handed on. */
  whenHandedOn(next: () => void): void {
    if (this.#isHandedOn) next();
    else this.#next = next;
  }

  #end(isListenedTo: boolean): void {
    if (this.#isHandedOn) return;
    this.#isHandedOn = true;
    try {
      this.#handOn(isListenedTo);
    } finally {
      this.#next?.();
    }
  }
}
