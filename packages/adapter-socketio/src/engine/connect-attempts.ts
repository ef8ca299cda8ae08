import type { Limits } from "@portcullis/core";
import { ViolationCounter } from "@portcullis/core/internal";

/** How often a client asks: `"often"` is not asked about any more, `"flood"` is cut off. */
export type Frequency = "fine" | "often" | "flood";

/**
 * The namespaces one connection has asked for. To ask for one again makes the server authenticate again, so it counts as an
 * undecodable message does. No more names are kept than `limits.namespaces`, nor more of them than `limits.pendingBytes`: what is beyond counts too.
 */
export class Asked {
  readonly #names = new Set<string>();
  readonly #often = new ViolationCounter();
  readonly #flood = new ViolationCounter();
  #characters = 0;

  /** Notes a name. A client that asks too often is refused, and cut off at twice as much: it may be in other namespaces. */
  note(name: string, limits: Required<Limits>): Frequency {
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
