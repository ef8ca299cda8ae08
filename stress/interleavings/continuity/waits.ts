import { running, STEP } from "./clock.js";
import type { Sent } from "./sent.js";
import { TIMEOUT } from "./times.js";

/** Milliseconds by which a deadline may be noticed late: a tenth of it, and the time that passes at a time. */
const LATE = TIMEOUT.action / 10 + STEP;

/** How long messages may wait for a new authentication: one deadline, from the first that waits for it. */
export class Waits {
  #pendingSince: number | undefined;
  /** The last time at which something has left the queue: it may have held up what is behind it. */
  #turnAt = 0;

  /** True while a demand is not settled. */
  get isPending(): boolean {
    return this.#pendingSince !== undefined;
  }

  demand(): void {
    this.#pendingSince ??= running();
  }

  settle(): void {
    this.#pendingSince = undefined;
  }

  turn(): void {
    this.#turnAt = running();
  }

  /** True when a question that began at a time has waited for longer than it may. */
  isTooLong(since: number): boolean {
    if (this.#pendingSince === undefined) return false;
    return running() > Math.max(Math.max(this.#pendingSince, since) + TIMEOUT.action, this.#turnAt) + LATE;
  }

  /** True when a message that is answered now has waited for longer than it may. */
  isMessageTooLong({ since, action, isHandled }: Sent): boolean {
    return action !== "renew" && !isHandled && this.isTooLong(since);
  }
}
