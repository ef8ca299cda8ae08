import type { Decoded, Frame } from "../codecs/codec.js";
import type { Decision } from "../decision/decision-types.js";
import type { ClientMessage } from "../guard/session/connection.js";
import type { Payload } from "../types.js";
import type { FrameRequest } from "./decode-frame.js";

/** The answers to a frame that holds several requests. */
export interface FrameBatch {
  /** True once a request was refused. */
  isRefused: boolean;
  /** Takes the answer to a request; `undefined` when none is sent. */
  answer(message: DecodedMessage, frame: Frame | undefined): void;
  /** Notes that a request is allowed. Returns true when it was the last, and all are allowed. */
  allow(message: DecodedMessage): boolean;
  /** Refuses all requests of a frame that was allowed, and is not delivered because the authorization has changed. */
  withdraw(message: DecodedMessage): void;
}

/** One request of a client, with the frame that it came in. `Raw` is the frame as the listeners of the transport get it. */
export class DecodedMessage<Raw = unknown> implements ClientMessage {
  readonly request: Decoded;
  readonly action: string;
  readonly payload: Payload;
  readonly refusal: Decision | undefined;
  /** Set for a request of a frame that holds several. */
  batch: FrameBatch | undefined;

  /** @param bytes Size on the wire. */
  constructor(
    { request, action, payload, refusal }: FrameRequest,
    readonly bytes: number,
    readonly raw: Raw,
    readonly isBinary: boolean,
  ) {
    this.request = request;
    this.action = action;
    this.payload = payload;
    this.refusal = refusal;
    this.batch = undefined;
  }
}

/** Node, Bun and Deno count the bytes of a text without encoding it. */
const { byteLength = encodedLength } = (globalThis as { Buffer?: { byteLength?(text: string): number } }).Buffer ?? {};

/** Returns the bytes of a frame on the wire. */
export function sizeOf(frame: Frame = ""): number {
  return typeof frame === "string" ? byteLength(frame) : frame.byteLength;
}

/** Counts the bytes of a text. One of ASCII, the usual one, is not encoded for that. */
export function encodedLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII begins with them
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).byteLength;
}
