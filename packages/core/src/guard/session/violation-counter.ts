import type { Limits } from "../limits.js";

/** Counts protocol violations of a client: undecodable messages, and others that an adapter reports. */
export class ViolationCounter {
  readonly #times: number[] = [];

  /** Counts one more. Returns true when there are now more within the window than allowed. */
  add({ undecodable, undecodableWindow }: Required<Limits>): boolean {
    const times = this.#times;
    const now = performance.now();
    times.push(now);
    let oldest = Number.NEGATIVE_INFINITY;
    while (times.length > undecodable) oldest = times.shift() as number;
    return now - oldest <= undecodableWindow;
  }
}
