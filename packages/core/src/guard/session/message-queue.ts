import type { Decision } from "../../decision/decision-types.js";
import type { Limits } from "../limits.js";
import { TOO_MANY_PENDING } from "../refusal.js";
import type { ClientMessage, Connection } from "./connection.js";

/** The bytes that a queued message counts beside its own. */
const OVERHEAD = 512;
/** So many places at the front of the list may be empty before it is cut. */
const CUT = 256;

/** The messages of one connection that wait, in the order they came. */
export class MessageQueue<M extends ClientMessage> {
  readonly #connection: Pick<Connection, "throttle">;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #messages: (M | undefined)[] = [];
  /** Where the first of them is: a client chooses how long the list is, so it is not moved for each. */
  #first = 0;
  #bytes = 0;
  /** Messages at the end of the list that are not counted: they wait for a flush alone. */
  #uncounted = 0;
  /** Messages and bytes that found no room since it was last through. */
  #excess = 0;
  #excessBytes = 0;
  /** True while the connection is told to slow down. */
  #isThrottled = false;

  /** A transport that is paused may have read one message more, so two always have room. */
  constructor({ pendingMessages, pendingBytes }: Required<Limits>, connection: Pick<Connection, "throttle">) {
    this.#maxMessages = Math.max(2, pendingMessages);
    this.#maxBytes = pendingBytes;
    this.#connection = connection;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** True when half of the room is in use. */
  get isHalfFull(): boolean {
    return 2 * this.#size >= this.#maxMessages || 2 * this.#bytes >= this.#maxBytes;
  }

  /** Drops all messages. */
  clear(): void {
    this.#messages.length = this.#first = this.#bytes = this.#uncounted = 0;
    this.#throttle(false);
  }

  get #size(): number {
    return this.#messages.length - this.#first;
  }

  /**
   * Takes a message in.
   *
   * @returns The refusal where there is no room for it; `"flood"` where twice the room would not suffice.
   */
  add(message: M): Decision | "flood" | undefined {
    const bytes = this.#count(message);
    if (this.#size < this.#maxMessages && this.#bytes + bytes <= this.#maxBytes) {
      this.#messages.push(message);
      this.#bytes += bytes;
      if (!this.#isThrottled) this.#throttle(this.isHalfFull);
      return undefined;
    }
    this.#excess += 1;
    this.#excessBytes += bytes;
    const isFlood =
      this.#size + this.#excess >= 2 * this.#maxMessages || this.#bytes + this.#excessBytes >= 2 * this.#maxBytes;
    return isFlood ? "flood" : TOO_MANY_PENDING;
  }

  /** Counts at most half of the room for one message: the transport limits how large one may be. */
  #count({ bytes }: M): number {
    return Math.min(bytes + OVERHEAD, this.#maxBytes / 2);
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
    if (isCounted) this.#bytes -= this.#count(message);
    else this.#uncounted -= 1;
    if (this.#isThrottled) this.#throttle(this.isHalfFull);
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

  #throttle(isThrottled: boolean): void {
    if (this.#isThrottled === isThrottled) return;
    this.#isThrottled = isThrottled;
    this.#connection.throttle?.(isThrottled);
  }
}
