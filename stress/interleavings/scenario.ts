import type { Order } from "./order.js";
import type { EventName, Setup } from "./plans.js";

/** The environment of a message: a session alone, or a server with sockets. */
export interface Scenario<Message> {
  readonly setup: Setup;
  readonly order: Order;
  readonly isServed: boolean;
  readonly session: { readonly isEnded: boolean } | undefined;
  /** Notes what is not as it must be. */
  fail(text: string): void;
  /** Something happens to the connection. */
  happen(event: EventName): void;
  /** A rule is asked about a message. */
  asked(message: Message, version: number, scope: unknown, signal: AbortSignal): void;
  /** The handler of a message begins. */
  handles(message: Message, version: number, signal: AbortSignal): void;
  /** A signal that must be aborted in the end. */
  watch(signal: AbortSignal): void;
  /** A question is answered. */
  settles(signal: AbortSignal, isLater?: boolean): void;
}
