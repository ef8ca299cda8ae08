import { sizeOf } from "./approximate-size.js";

const EMPTY_SIZE = sizeOf({});

/** Counts the bytes of each `auth` of one client, while its handshake is pending and while its socket is open. */
export class AuthBytes {
  #bytes = 0;
  readonly #sizes = new WeakMap<object, number>();

  /** Reserves the bytes of another `auth`. Returns false when there is no room. */
  reserve(auth: object, limit: number): boolean {
    const size = sizeOf(auth) - EMPTY_SIZE;
    if (this.#bytes + size > limit) return false;
    this.#bytes += size;
    this.#sizes.set(auth, size);
    return true;
  }

  /** Moves a reservation to the socket, because a middleware may replace its `auth`. */
  transfer(auth: object, socket: object): void {
    const size = this.#sizes.get(auth);
    if (size === undefined) return;
    this.#sizes.delete(auth);
    this.#sizes.set(socket, size);
  }

  /**
   * Frees a reservation. Without one nothing changes.
   *
   * @param holder The `auth`, or the socket that has it.
   */
  free(holder: object): void {
    this.#bytes -= this.#sizes.get(holder) ?? 0;
    this.#sizes.delete(holder);
  }
}
