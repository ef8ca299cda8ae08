import { sizeOf } from "../namespace/approximate-size.js";

const NOTHING = sizeOf({});

/**
 * What one client gave as `auth`, in bytes: as long as a namespace that it has asked for is being decided about, and as long
 * as it is in one, since each socket keeps its own.
 */
export class Auths {
  #bytes = 0;
  readonly #sizes = new WeakMap<object, number>();

  /** Returns whether there is room for one more. */
  hold(auth: object, limit: number): boolean {
    const size = sizeOf(auth) - NOTHING;
    if (this.#bytes + size > limit) return false;
    this.#bytes += size;
    this.#sizes.set(auth, size);
    return true;
  }

  /** There is a socket that keeps it: a middleware may put something else in place of `auth`. */
  pass(auth: object, socket: object): void {
    const size = this.#sizes.get(auth);
    if (size === undefined) return;
    this.#sizes.delete(auth);
    this.#sizes.set(socket, size);
  }

  /** @param holder The `auth`, or the socket that has it. Whatever holds nothing is left as it is. */
  release(holder: object): void {
    this.#bytes -= this.#sizes.get(holder) ?? 0;
    this.#sizes.delete(holder);
  }
}
