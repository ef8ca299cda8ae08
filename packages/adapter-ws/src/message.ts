import { type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { badMessage, type ClientMessage, MISSING_ACTION } from "@portcullis/core/adapter";
import type { RawData } from "ws";
import { assertSync, type Codec, type Decoded, isRecord } from "./codecs/codec.js";

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));
const UNREADABLE: Decoded = Object.freeze({ action: undefined });

/** One frame, with the request that the codec read from it. */
export class Message implements ClientMessage {
  /** The data as ws emitted it. */
  readonly data: RawData;
  readonly isBinary: boolean;
  readonly bytes: number;
  /** The request as the codec returned it, for its answers. */
  readonly request: Decoded;
  readonly action: string;
  readonly payload: Payload;
  readonly refusal: Decision | undefined;

  /** Decodes a frame. Never throws. An error or an invalid result of the codec is in `refusal.error`. */
  constructor(codec: Codec, data: RawData, isBinary: boolean) {
    let size = 0;
    let request: unknown = UNREADABLE;
    let decoded = UNREADABLE;
    let refusal: Decision | undefined;
    try {
      const bytes = toBuffer(data);
      size = bytes.length;
      const answer: unknown = codec.decode(bytes, isBinary);
      assertSync(answer, "decode");
      decoded = readDecoded(answer);
      refusal = refusalOf(decoded);
      request = answer;
    } catch (error) {
      decoded = UNREADABLE;
      refusal = badMessage(undefined, error);
    }
    this.data = data;
    this.isBinary = isBinary;
    this.bytes = size;
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

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
