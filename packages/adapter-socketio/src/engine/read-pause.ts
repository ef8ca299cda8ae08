import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection } from "../socketio-internals.js";
import { CROWDED, type ReadControl } from "./fair-scheduling.js";
import { PollPause } from "./poll-pause.js";

/** The default of `pingTimeout`, in milliseconds. */
const PING_TIMEOUT = 20_000;

/**
 * Pauses reading a client while the queue of one of its sockets is half full, over WebSocket and over polling.
 *
 * INVARIANT: a pause lasts at most half of `pingTimeout` and at most 10 seconds, unless a message is decided meanwhile.
 * A handler may await an acknowledgement that is behind the unread messages.
 */
export class ReadPause {
  readonly #reading: ReadControl;
  /** Set if the connection began with polling. */
  readonly #polling: PollPause | undefined;
  readonly #limit: number;
  readonly #crowded = new Set<object>();
  #timeout: Timeout | undefined;

  constructor(connection: BareConnection, reading: ReadControl) {
    this.#reading = reading;
    if (connection.transport.name === "polling") {
      const polling = new PollPause(connection.transport);
      this.#polling = polling;
      connection.once("close", () => polling.resume());
    }
    const pingTimeout = Math.min(PING_TIMEOUT, connection.server?.opts?.pingTimeout ?? PING_TIMEOUT);
    this.#limit = Math.max(1, pingTimeout / 2);
  }

  /**
   * Records if the queue of a socket is half full, and pauses or resumes reading.
   *
   * @param socket A socket of this client, in one namespace.
   */
  update(socket: object, isCrowded: boolean): void {
    const { size } = this.#crowded;
    if (isCrowded) this.#crowded.add(socket);
    else this.#crowded.delete(socket);
    if (size === 0 && isCrowded) {
      this.#reading.pauseReading(CROWDED);
      this.#polling?.pause();
      this.#timeout = new Timeout(this.#limit, () => this.#resume());
    } else if (this.#crowded.size === 0) {
      this.#timeout?.cancel();
      this.#resume();
    }
  }

  #resume(): void {
    this.#reading.resumeReading(CROWDED);
    this.#polling?.resume();
  }
}
