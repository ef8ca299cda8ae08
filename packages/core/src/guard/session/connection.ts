import type { Decision } from "../../decision/decision-types.js";
import type { Payload } from "../../types.js";

/** One message of a client, as an adapter hands it to its session. An adapter may add fields of its own. */
export interface ClientMessage {
  readonly action: string;
  readonly payload: Payload;
  /** Size on the wire. */
  readonly bytes: number;
  /** What the codec already knows is wrong; then no rule is asked. */
  readonly refusal?: Decision | undefined;
}

/** What a served handler may say about a reply. */
export interface ReplyOptions {
  /** Default 200. */
  status?: number;
  /** Default: the action that was asked for. */
  action?: string;
}

/** What an adapter fills for one connection. `pause` and `resume` may come more than once in a row. */
export interface Connection<M extends ClientMessage = ClientMessage> {
  /** Hands an allowed message to the application's own listeners. */
  deliver(message: M): void;
  /** Answers a refused message, once, whatever happens on the way. Never throws. */
  sendRefusal(message: M, decision: Decision): void;
  /** Sends what a served handler answered. Throws where it cannot be written: then nothing of it was sent. */
  reply(message: M, data: unknown, options: ReplyOptions): void;
  /** Holds input back where the transport can. */
  pause(): void;
  resume(): void;
  /**
   * Half of what may wait does, or no longer. Only for transports that are read on while something waits: now they may be
   * held back, but not for ever, since what a handler waits for may come behind it.
   */
  crowd?(isCrowded: boolean): void;
  /** Begins an orderly close, and makes sure that it ends. */
  close(code: number, reason: string): void;
  /**
   * Calls back once what was just delivered has reached its listeners; the next message is not decided before. Only for
   * transports where that is not at once.
   */
  flush?: ((whenFlushed: () => void) => void) | undefined;
  /**
   * Calls back once a connection that was closed is gone, so that its client has all it was answered. Only for
   * transports where that is not at once.
   */
  whenGone?(callback: () => void): void;
}
