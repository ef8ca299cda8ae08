import { running, STEP } from "./clock.js";
import type { Sent } from "./sent.js";
import { TIMEOUT } from "./times.js";

/**
 * Milliseconds by which the end of a wait may be noticed late: a tenth of the deadline, and the time that passes before the
 * wait begins, and before its end is told.
 */
const LATE = TIMEOUT.action / 10 + 2 * STEP;

/** How long messages may wait for a new authentication: one deadline, from the first that waits for it. */
export class Waits {
  #pendingSince: number | undefined;
  /** The last time at which something has left the queue: it may have held up what is behind it. */
  #turnAt = 0;

  /** The time at which the last rule has answered, or its deadline will be over. A message waits behind its own rule. */
  #ruleUntil = 0;

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

  /** A rule is asked, and answers later. */
  ask(): void {
    this.#ruleUntil = running() + TIMEOUT.action;
  }

  answer(): void {
    this.#ruleUntil = running();
  }

  turn(): void {
    this.#turnAt = running();
  }

  /** True when a question that began at a time has waited for longer than it may. */
  isTooLong(since: number): boolean {
    if (this.#pendingSince === undefined) return false;
    const begin = Math.max(this.#pendingSince, since, this.#ruleUntil);
    return running() > Math.max(begin + TIMEOUT.action, this.#turnAt) + LATE;
  }

  /** True when a message that is answered now has waited for longer than it may. */
  isMessageTooLong({ since, action, isHandled }: Sent): boolean {
    return action !== "renew" && !isHandled && this.isTooLong(since);
  }
}
