import type { Decision } from "./decision.js";
import type { Limits } from "./limits.js";
import type { Incoming } from "./link.js";
import { PAYLOAD_TOO_LARGE, TOO_MANY_PENDING } from "./refusal.js";

/** The messages of one connection that wait, in the order they came. */
export class Backlog<M extends Incoming> {
  readonly #limits: Required<Limits>;
  readonly #messages: M[] = [];
  #bytes = 0;
  /** Messages and bytes that found no room since it was last through. */
  #excess = 0;
  #excessBytes = 0;

  constructor(limits: Required<Limits>) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /**
   * Takes a message in.
   *
   * @returns Why there is no room for it; `"flood"` where there would not be even if twice as much might wait.
   */
  add(message: M): Decision | "flood" | undefined {
    const { pendingMessages, pendingBytes } = this.#limits;
    const { bytes } = message;
    if (this.#messages.length < pendingMessages && this.#bytes + bytes <= pendingBytes) {
      this.#messages.push(message);
      this.#bytes += bytes;
      return undefined;
    }
    this.#excess += 1;
    this.#excessBytes += bytes;
    const isFlood =
      this.#messages.length + this.#excess >= 2 * pendingMessages ||
      this.#bytes + this.#excessBytes >= 2 * pendingBytes;
    if (isFlood) return "flood";
    return bytes > pendingBytes ? PAYLOAD_TOO_LARGE : TOO_MANY_PENDING;
  }

  take(): M | undefined {
    const message = this.#messages.shift();
    if (message !== undefined) this.#bytes -= message.bytes;
    return message;
  }

  /** All that waited is decided: what found no room is forgotten. */
  settle(): void {
    this.#excess = this.#excessBytes = 0;
  }
}
