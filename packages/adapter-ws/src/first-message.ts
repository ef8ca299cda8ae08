import { Timeout } from "@portcullis/core/adapter";

/** A message that was allowed before a listener was added. It is held until then, or for `grace` milliseconds. */
export class FirstMessage {
  readonly #deliver: (isListenedTo: boolean) => void;
  readonly #grace: Timeout;
  #isHandedOn = false;
  /** Continues with the next message. */
  #next: (() => void) | undefined;

  /** @param deliver Called once, unless the message is dropped. */
  constructor(grace: number, deliver: (isListenedTo: boolean) => void) {
    this.#deliver = deliver;
    this.#grace = new Timeout(grace, () => this.#end(false));
  }

  /** Handles a new listener, which is called in a later tick, as it would be without a guard. */
  listen(): void {
    this.#grace.cancel();
    process.nextTick(() => this.#end(true));
  }

  /** Drops the message, because the connection has ended. */
  drop(): void {
    this.#grace.cancel();
    this.#isHandedOn = true;
  }

  /** Calls back once the message is forwarded. */
  whenHandedOn(next: () => void): void {
    if (this.#isHandedOn) next();
    else this.#next = next;
  }

  #end(isListenedTo: boolean): void {
    if (this.#isHandedOn) return;
    this.#isHandedOn = true;
    try {
      this.#deliver(isListenedTo);
    } finally {
      this.#next?.();
    }
  }
}
