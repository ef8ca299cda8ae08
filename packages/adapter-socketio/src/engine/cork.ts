import { type BareConnection, override } from "../socketio-internals.js";

/**
 * Corks one connection, so that the answers to events that arrived together are sent together, as if all were emitted
 * at once. INVARIANT: a cork lasts until the next tick at most.
 */
export class Cork {
  readonly #connection: BareConnection;
  /** The number of namespaces that cork the connection. `undefined` before the first. */
  #count: number | undefined;
  /** Sends the buffered packets even while corked. `undefined` before the first cork. */
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
