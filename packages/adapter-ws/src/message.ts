import { type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { badMessage, type ClientMessage, MISSING_ACTION } from "@portcullis/core/adapter";
import type { RawData } from "ws";
import { type Codec, type Decoded, isRecord, mustBeThere } from "./codecs/codec.js";

const NOTHING: Payload = Object.freeze(Object.create(null));
const UNREADABLE: Decoded = Object.freeze({ action: undefined });

/** One frame, with what the codec read from it. */
export class Message implements ClientMessage {
  readonly action: string;
  readonly payload: Payload;

  constructor(
    /** As ws emitted it. */
    readonly data: RawData,
    readonly isBinary: boolean,
    readonly bytes: number,
    /** As the codec made it, for its answers. */
    readonly request: Decoded,
    { action, payload }: Decoded,
    readonly refusal: Decision | undefined,
  ) {
    this.action = action ?? "";
    this.payload = payload ?? NOTHING;
  }
}

/** Reads a frame. Never throws: what the codec throws, or answers wrongly, is in `refusal.error`. */
export function readMessage(codec: Codec, data: RawData, isBinary: boolean): Message {
  let size = 0;
  try {
    const bytes = toBuffer(data);
    size = bytes.length;
    const request: unknown = codec.decode(bytes, isBinary);
    mustBeThere(request, "decode");
    const decoded = readDecoded(request);
    return new Message(data, isBinary, size, request as Decoded, decoded, refusalOf(decoded));
  } catch (error) {
    return new Message(data, isBinary, size, UNREADABLE, UNREADABLE, badMessage(undefined, error));
  }
}

function refusalOf({ action, bad }: Decoded): Decision | undefined {
  if (bad !== undefined) return badMessage(bad);
  return action === undefined ? MISSING_ACTION : undefined;
}

/** Reads each part once: what is checked is what is used. */
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
