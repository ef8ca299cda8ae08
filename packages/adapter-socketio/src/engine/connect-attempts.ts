import type { Limits } from "@portcullis/core";
import { ViolationCounter } from "@portcullis/core/internal";

/** The frequency of requests: `"often"` is refused, and the connection is destroyed for `"flood"`. */
export type Frequency = "fine" | "often" | "flood";

/**
 * Counts the requests of one connection for namespaces. A repeated request makes the server authenticate again, so it
 * counts as an undecodable message does. So does a new name beyond `limits.namespaces` names or `limits.pendingBytes`
 * characters.
 */
export class ConnectAttempts {
  readonly #names = new Set<string>();
  readonly #often = new ViolationCounter();
  readonly #flood = new ViolationCounter();
  #characters = 0;

  /** Counts a request. The connection is destroyed at twice the limit only, since its client may be in other namespaces. */
  count(name: string, limits: Required<Limits>): Frequency {
    const characters = this.#characters + name.length;
    const isFull = this.#names.size >= limits.namespaces || characters > limits.pendingBytes;
    if (this.#names.has(name) || isFull) {
      const isOften = this.#often.add(limits);
      const isFlood = this.#flood.add({ ...limits, undecodable: 2 * limits.undecodable });
      if (isFlood) return "flood";
      return isOften ? "often" : "fine";
    }
    this.#names.add(name);
    this.#characters = characters;
    return "fine";
  }
}
