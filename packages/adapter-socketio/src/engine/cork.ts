import { type BareConnection, override } from "../socketio-internals.js";

/**
 * Corks one connection: answers to events that came together go out together, as they would where all are emitted in one
 * go. INVARIANT: a corked connection waits for nothing but the next tick.
 */
export class Cork {
  readonly #connection: BareConnection;
  /** Namespaces that have corked it; `undefined` before the first. */
  #count: number | undefined;
  /** Sends the buffered packets, corked or not; `undefined` before the first cork. */
  #flush: (() => void) | undefined;

  constructor(connection: BareConnection) {
    this.#connection = connection;
  }

  cork(): void {
    const connection = this.#connection;
    const { flush } = connection;
    if (this.#count !== undefined) this.#count += 1;
    else if (typeof flush === "function") {
      this.#count = 1;
      this.#flush = () => flush.call(connection);
      override(connection, "flush", () => {
        if (this.#count === 0) flush.call(connection);
      });
    }
  }

  uncork(): void {
    if (this.#count === undefined) return;
    this.#count -= 1;
    (this.#connection as Required<BareConnection>).flush();
  }

  /** Sends the buffered packets of a connection that was ever corked. */
  flush(): void {
    this.#flush?.();
  }
}
