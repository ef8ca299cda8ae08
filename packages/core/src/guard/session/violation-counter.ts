import type { Limits } from "../limits.js";

/** Counts what a client does against the protocol: undecodable messages, and what an adapter counts as one. */
export class ViolationCounter {
  readonly #times: number[] = [];

  /** Counts one more. Returns whether there are now more within the window than may be. */
  add({ undecodable, undecodableWindow }: Required<Limits>): boolean {
    const times = this.#times;
    const now = performance.now();
    times.push(now);
    let oldest = Number.NEGATIVE_INFINITY;
    while (times.length > undecodable) oldest = times.shift() as number;
    return now - oldest <= undecodableWindow;
  }
}
