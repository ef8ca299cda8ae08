import type { Decision } from "../../decision/decision-types.js";
import type { Limits } from "../limits.js";
import { TOO_MANY_PENDING } from "../refusal.js";
import type { ClientMessage, Connection } from "./connection.js";

/** The bytes that a queued message counts in addition to its own. */
const OVERHEAD = 512;
/** Number of empty places at the front of the list before it is compacted. */
const CUT = 256;

/**
 * The number of requests that one frame may hold. Two frames of any size then have room: one whose requests are being
 * decided, and one that a paused transport has read before it stopped.
 */
export function mostRequests({ pendingMessages, pendingBytes }: Required<Limits>): number {
  return Math.max(1, Math.floor(Math.min(pendingMessages / 2, pendingBytes / OVERHEAD / 4)));
}

/** The queued messages of one connection, in the order of arrival. */
export class MessageQueue<M extends ClientMessage> {
  readonly #connection: Pick<Connection, "throttle">;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #messages: (M | undefined)[] = [];
  /** Position of the first message. The list is not shifted for each message, because a client controls its length. */
  #first = 0;
  #bytes = 0;
  /** Number of messages at the end of the list that are not counted, because they wait for a flush only. */
  #uncounted = 0;
  /** Messages and bytes that found no room since the queue was last processed to its end. */
  #excess = 0;
  #excessBytes = 0;
  /** True while the connection has to slow down. */
  #isThrottled = false;

  /** There is always room for two messages, because a paused transport may have read one more. */
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
   * Adds a message.
   *
   * @returns The refusal when there is no room for it; `"flood"` when twice the room would not suffice either.
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

  /** Counts one message with at most half of the room, because the transport limits its size. */
  #count({ bytes }: M): number {
    return Math.min(bytes + OVERHEAD, this.#maxBytes / 2);
  }

  /** Adds a message that waits for a flush only. It is decided in the next tick, so it is not counted. */
  append(message: M): void {
    this.#messages.push(message);
    this.#uncounted += 1;
  }

  get hasUncounted(): boolean {
    return this.#uncounted > 0;
  }

  /** Removes and returns the messages that are not counted, in their order. */
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

  /** Resets the excess, once all queued messages are decided. */
  forgetExcess(): void {
    this.#excess = this.#excessBytes = 0;
  }

  #throttle(isThrottled: boolean): void {
    if (this.#isThrottled === isThrottled) return;
    this.#isThrottled = isThrottled;
    this.#connection.throttle?.(isThrottled);
  }
}
