import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection } from "../socketio-internals.js";
import { CROWDED, type ReadControl } from "./fair-scheduling.js";

/** The default of `pingTimeout`, in milliseconds. */
const PING_TIMEOUT = 20_000;

/**
 * Pauses reading a client while the queue of one of its sockets is half full.
 *
 * INVARIANT: for at most half of `pingTimeout` and 10 seconds, unless a message is decided meanwhile. A handler may await
 * an acknowledgement that is behind the messages not read.
 */
export class ReadPause {
  readonly #reading: ReadControl;
  readonly #limit: number;
  readonly #crowded = new Set<object>();
  #timeout: Timeout | undefined;

  constructor(connection: BareConnection, reading: ReadControl) {
    this.#reading = reading;
    const pingTimeout = Math.min(PING_TIMEOUT, connection.server?.opts?.pingTimeout ?? PING_TIMEOUT);
    this.#limit = Math.max(1, pingTimeout / 2);
  }

  /** @param socket Of this client, in one namespace. */
  update(socket: object, isCrowded: boolean): void {
    const { size } = this.#crowded;
    if (isCrowded) this.#crowded.add(socket);
    else this.#crowded.delete(socket);
    if (size === 0 && isCrowded) {
      this.#reading.pauseReading(CROWDED);
      this.#timeout = new Timeout(this.#limit, () => this.#reading.resumeReading(CROWDED));
    } else if (this.#crowded.size === 0) {
      this.#timeout?.cancel();
      this.#reading.resumeReading(CROWDED);
    }
  }
}
