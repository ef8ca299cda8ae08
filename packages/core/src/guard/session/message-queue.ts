import type { Decision } from "../../decision/decision-types.js";
import type { Limits } from "../limits.js";
import { PAYLOAD_TOO_LARGE, TOO_MANY_PENDING } from "../refusal.js";
import type { ClientMessage } from "./connection.js";

/** What a message takes that waits, beside its own bytes. */
const OVERHEAD = 512;
/** So many places at the front of the list may be empty before it is cut. */
const CUT = 256;

/** The messages of one connection that wait, in the order they came. */
export class MessageQueue<M extends ClientMessage> {
  readonly #limits: Required<Limits>;
  readonly #messages: (M | undefined)[] = [];
  /** Where the first of them is: a client chooses how long the list is, so it is not moved for each. */
  #first = 0;
  #bytes = 0;
  /** Messages at the end of the list that are not counted: they wait for a flush alone. */
  #uncounted = 0;
  /** Messages and bytes that found no room since it was last through. */
  #excess = 0;
  #excessBytes = 0;

  constructor(limits: Required<Limits>) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Whether half of what may wait does. */
  get isHalfFull(): boolean {
    const { pendingMessages, pendingBytes } = this.#limits;
    return 2 * this.#size >= pendingMessages || 2 * this.#bytes >= pendingBytes;
  }

  get #size(): number {
    return this.#messages.length - this.#first;
  }

  /**
   * Takes a message in.
   *
   * @returns Why there is no room for it; `"flood"` where there would not be even if twice as much might wait.
   */
  add(message: M): Decision | "flood" | undefined {
    const { pendingMessages, pendingBytes } = this.#limits;
    const bytes = message.bytes + OVERHEAD;
    if (this.#size < pendingMessages && this.#bytes + bytes <= pendingBytes) {
      this.#messages.push(message);
      this.#bytes += bytes;
      return undefined;
    }
    this.#excess += 1;
    this.#excessBytes += bytes;
    const isFlood =
      this.#size + this.#excess >= 2 * pendingMessages || this.#bytes + this.#excessBytes >= 2 * pendingBytes;
    if (isFlood) return "flood";
    return bytes > pendingBytes ? PAYLOAD_TOO_LARGE : TOO_MANY_PENDING;
  }

  /** Takes in a message that waits for a flush alone: in the next tick it is decided, so it is not counted. */
  append(message: M): void {
    this.#messages.push(message);
    this.#uncounted += 1;
  }

  get hasUncounted(): boolean {
    return this.#uncounted > 0;
  }

  /** Removes the messages that are not counted, in their order. */
  takeUncounted(): M[] {
    const count = this.#uncounted;
    this.#uncounted = 0;
    return this.#messages.splice(this.#messages.length - count) as M[];
  }

  take(): M | undefined {
    const messages = this.#messages;
    const message = messages[this.#first];
    if (message === undefined) return undefined;
    const isCounted = this.#size > this.#uncounted;
    messages[this.#first] = undefined;
    this.#first += 1;
    if (isCounted) this.#bytes -= message.bytes + OVERHEAD;
    else this.#uncounted -= 1;
    if (this.#first === messages.length) messages.length = this.#first = 0;
    else if (this.#first >= CUT && 2 * this.#first >= messages.length) {
      messages.splice(0, this.#first);
      this.#first = 0;
    }
    return message;
  }

  /** All that waited is decided: what found no room is forgotten. */
  forgetExcess(): void {
    this.#excess = this.#excessBytes = 0;
  }
}
