import type { PublicIssue, Refusal } from "../decision/decision-parts.js";
import type { Payload } from "../types.js";
import type { Heartbeat } from "./heartbeat.js";

/** The request that a codec reads from one frame. A codec may add fields of its own, for its answers. */
export interface Decoded {
  /** The requested action. A message without one (`undefined`) is refused as `missing_action`. */
  readonly action: string | undefined;
  /** The client's arguments. Default: none. */
  readonly payload?: Payload;
  /** The reason why the message is unusable. It is refused as `bad_message`, with this reason. */
  readonly bad?: string;
}

/** The status and the action of a handler's reply. */
export interface Answered {
  readonly status: number;
  readonly action: string;
}

/** The content of one frame: a string for a text frame, bytes for a binary frame. */
export type Frame = string | Uint8Array;

/**
 * Decodes requests from frames and encodes answers into frames. When `decode` throws or returns an invalid request, the
 * client gets `bad_message`, and `onDecision` gets the error.
 *
 * @example
 * ```ts
 * import type { Codec, Decoded } from "@portcullis/core/codecs";
 * const words: Codec = {
 *   decode: (frame): Decoded => ({ action: String(frame).split(" ")[0] }),
 *   denied: ({ action }, { code }) => `no ${action}: ${code}`,
 * };
 * console.assert(words.decode("join lobby").action === "join");
 * ```
 */
export interface Codec<D extends Decoded = Decoded> {
  /** Decodes one frame. The bytes of a binary frame belong to the adapter, so `decode` must not change them. */
  decode(frame: Frame): D;
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
  /** Encodes a handler's reply. Only `serve()` needs it. */
  reply?(request: D, data: unknown, answered: Answered): Frame | undefined;
  /** The keep-alive texts. The guard answers them, and `decode` never receives them. */
  readonly heartbeat?: Heartbeat;
}

/** A codec that `serve()` can use too. */
export type ServingCodec<D extends Decoded = Decoded> = Codec<D> & Required<Pick<Codec<D>, "reply">>;
