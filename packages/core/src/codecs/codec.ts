import type { PublicIssue, Refusal } from "../decision/decision-parts.js";
import type { GuardSession } from "../guard/guard-session.js";
import type { Payload, Scope } from "../types.js";
import type { Heartbeat } from "./heartbeat.js";

/** The request that a codec reads from one frame. A codec may add fields of its own, for its answers. */
export interface Decoded {
  /** The requested action. A message without one (`undefined`) is refused as `missing_action`. */
  readonly action: string | undefined;
  /** The client's arguments. Default: none. */
  readonly payload?: Payload;
  /**
   * The reason why the message is unusable. It is refused as `bad_message`, with this reason. The action is then for the
   * answer and the log alone.
   */
  readonly bad?: string;
}

/** The status and the action of a handler's reply. */
export interface ReplyHead {
  readonly status: number;
  readonly action: string;
  /** Set for the answer to a renewal, whose data is `{ expiresIn }` in seconds, or null for an identity without an end. */
  readonly isRenewal?: true;
}

/** The content of one frame: a string for a text frame, bytes for a binary frame. */
export type Frame = string | Uint8Array;

/** The connection that a frame came over. */
export interface FrameContext {
  /** The scope at the moment. The rules may see a later one, because `refresh()` replaces it. */
  readonly scope: Scope;
  /** The same object for all frames of a connection, for example as the key of a WeakMap. */
  readonly session: GuardSession;
}

/**
 * Decodes requests from frames and encodes answers into frames. When `decode` throws or returns an invalid request, the
 * client gets `bad_message`, and `onDecision` gets the error.
 *
 * A request with an `id` expects an answer. In development, a hint is printed once when `denied` returns nothing for such
 * a request.
 *
 * @example
 * ```ts
 * import type { Codec, Decoded } from "@portcullis/core/codecs";
 * export const words: Codec = {
 *   decode: (frame): Decoded => ({ action: String(frame).split(" ")[0] }),
 *   denied: ({ action }, { code }) => `no ${action}: ${code}`,
 * };
 * ```
 */
export interface Codec<D extends Decoded = Decoded> {
  /**
   * Decodes one frame. It is called when the frame arrives, before the messages before it are decided. The bytes of a
   * binary frame belong to the adapter, so `decode` must not change them.
   *
   * @returns The request, or the requests of a frame that holds several, in a list or another iterable. Each is judged
   *   alone, and handled in order. An empty list and one with too many requests are refused as `bad_message`. Behind
   *   `guard()` the listeners get the frame only if all its requests are allowed.
   */
  decode(frame: Frame, context: FrameContext): D | Iterable<D>;
  /**
   * Encodes a refusal.
   *
   * @param request The refused request. When `decode` has failed, it holds nothing but an undefined action.
   * @param refusal The public part of the decision.
   * @param issues Set when the payload did not fit a schema: at most five, 500 characters in all. `refusal.reason`
   *   holds the same as text.
   * @returns A frame, or `undefined` to send nothing. When the method throws or returns anything else, the client gets
   *   `{ "error": { code, status, reason, retry } }`.
   */
  denied(request: D, refusal: Refusal, issues?: readonly PublicIssue[]): Frame | undefined;
  /**
   * Encodes a reply, of a handler or to a renewal. Only `serve()` and `renew` of `continuity()` need it.
   *
   * @returns A frame, or `undefined` to send nothing. A renewal has to be answered, unless its request has an `id` that is
   *   `undefined`, as a notification of JSON-RPC has.
   */
  reply?(request: D, data: unknown, answered: ReplyHead): Frame | undefined;
  /**
   * Encodes a frame that answers no message: `auth.expiring` with `{ expiresIn }` in seconds, and `auth.expired`. Without
   * it a client is told nothing before the close. Only the option `continuity` needs it.
   */
  notify?(event: string, data: object): Frame | undefined;
  /**
   * Joins the answers to a frame that held several requests. Default: each answer is a frame of its own.
   *
   * @param answers What `denied` and `reply` returned, in the order of the requests; at least one.
   */
  join?(answers: readonly Frame[]): Frame;
  /** Returns a hint for the developer about a request that the rules may not see as it was meant. Printed once. */
  "~hint"?(request: D): string | undefined;
  /** The streams whose names begin the name of each action. */
  readonly "~streams"?: ReadonlySet<string> | undefined;
  /** The keep-alive texts. The guard answers them, and `decode` never receives them. */
  readonly heartbeat?: Heartbeat;
}

/** A codec that `serve()` can use too. */
export type ServingCodec<D extends Decoded = Decoded> = Codec<D> & Required<Pick<Codec<D>, "reply">>;

/** A codec with one request in each frame, which means the same on every connection. */
export interface EnvelopeCodec<D extends Decoded = Decoded> extends ServingCodec<D> {
  decode(frame: Frame): D;
}
