import type { Codec, Decoded, Frame } from "../codecs/codec.js";
import { assertSync } from "../codecs/codec-result.js";
import { isRecord } from "../codecs/read-json.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { badMessage, MISSING_ACTION } from "../guard/refusal.js";
import type { ClientMessage } from "../guard/session/connection.js";
import type { Payload } from "../types.js";

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));
const UNREADABLE: Decoded = Object.freeze({ action: undefined });

/** One frame of a client, with the request that the codec read from it. Adapters add the frame as their listeners get it. */
export class DecodedMessage implements ClientMessage {
  readonly bytes: number;
  /** The request as the codec returned it, for its answers. */
  readonly request: Decoded;
  readonly action: string;
  readonly payload: Payload;
  readonly refusal: Decision | undefined;

  /**
   * Decodes a frame. Never throws. An error or an invalid result of the codec is in `refusal.error`.
   *
   * @param frame The frame; `undefined` when the transport could not read it.
   * @param bytes Size on the wire. Default: that of the frame.
   */
  constructor(codec: Codec, frame: Frame | undefined, bytes = sizeOf(frame)) {
    let request: unknown = UNREADABLE;
    let decoded = UNREADABLE;
    let refusal: Decision | undefined;
    try {
      if (frame === undefined) throw new PermissionMisuse("the frame could not be read");
      const answer: unknown = codec.decode(frame);
      assertSync(answer, "decode");
      decoded = readDecoded(answer);
      refusal = refusalOf(decoded);
      request = answer;
    } catch (error) {
      decoded = UNREADABLE;
      refusal = badMessage(undefined, error);
    }
    this.bytes = bytes;
    this.request = request as Decoded;
    this.action = decoded.action ?? "";
    this.payload = decoded.payload ?? EMPTY_PAYLOAD;
    this.refusal = refusal;
  }
}

function refusalOf({ action, bad }: Decoded): Decision | undefined {
  if (bad !== undefined) return badMessage(bad);
  return action === undefined ? MISSING_ACTION : undefined;
}

/** Reads each property once, so that a getter cannot return another value after the check. */
function readDecoded(request: unknown): Decoded {
  if (isRecord(request)) {
    const { action, payload, bad } = request;
    const isFitting = isTextOrNone(action) && isTextOrNone(bad) && (payload === undefined || isRecord(payload));
    if (isFitting) return { action, payload: payload as Payload, ...(bad !== undefined && { bad }) };
  }
  throw new PermissionMisuse(
    "the codec's decode() must return { action, payload }: a string (or undefined) and an object",
  );
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** Returns the bytes of a frame on the wire. A text of ASCII, the usual one, is not encoded for that. */
export function sizeOf(frame: Frame = ""): number {
  if (typeof frame !== "string") return frame.byteLength;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII begins with them
  return /^[\x00-\x7f]*$/.test(frame) ? frame.length : new TextEncoder().encode(frame).byteLength;
}
