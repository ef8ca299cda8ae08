import type { Limits } from "@portcullis/core";
import { ViolationCounter } from "@portcullis/core/internal";

/** The frequency of requests. `"often"` is refused, and for `"flood"` the connection is destroyed. */
export type Frequency = "fine" | "often" | "flood";

/**
 * Counts the requests of one connection for namespaces. A repeated request makes the server authenticate again, so it
 * counts like an undecodable message. A new name also counts like one beyond `limits.namespaces` names or
 * `limits.pendingBytes` characters.
 */
export class ConnectAttempts {
  readonly #names = new Set<string>();
  readonly #often = new ViolationCounter();
  readonly #flood = new ViolationCounter();
  #characters = 0;

  /** Counts a request. A flood starts only at twice the limit, because the client may be in other namespaces. */
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
