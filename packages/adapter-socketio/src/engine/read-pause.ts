import { Timeout } from "@portcullis/core/adapter";
import type { BareConnection } from "../socketio-internals.js";
import { CROWDED, type Reading } from "./fair-scheduling.js";

/** What socket.io gives a client to answer a ping, in milliseconds, unless it is told otherwise. */
const PING_TIMEOUT = 20_000;

/**
 * Holds a client back while half of what may wait on one of its sockets does.
 *
 * INVARIANT: not for longer than half of what it has to answer a ping, nor than 10 seconds, unless a message is decided
 * meanwhile: a handler may be waiting for an acknowledgement that is behind what is held.
 */
export class Crowd {
  readonly #reading: Reading;
  readonly #patience: number;
  readonly #crowded = new Set<object>();
  #wait: Timeout | undefined;

  constructor(connection: BareConnection, reading: Reading) {
    this.#reading = reading;
    const pingTimeout = Math.min(PING_TIMEOUT, connection.server?.opts?.pingTimeout ?? PING_TIMEOUT);
    this.#patience = Math.max(1, pingTimeout / 2);
  }

  /** @param socket Of this client, in one namespace. */
  note(socket: object, isCrowded: boolean): void {
    const { size } = this.#crowded;
    if (isCrowded) this.#crowded.add(socket);
    else this.#crowded.delete(socket);
    if (size === 0 && isCrowded) {
      this.#reading.hold(CROWDED);
      this.#wait = new Timeout(this.#patience, () => this.#reading.release(CROWDED));
    } else if (this.#crowded.size === 0) {
      this.#wait?.cancel();
      this.#reading.release(CROWDED);
    }
  }
}
