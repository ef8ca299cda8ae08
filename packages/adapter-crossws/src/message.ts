import { DecodedMessage } from "@portcullis/core/adapter";
import type { Codec, Frame } from "@portcullis/core/codecs";
import type { Message } from "crossws";

const ENCODER = new TextEncoder();

/** A message with the object that the hook of the application gets. */
export class PeerMessage extends DecodedMessage {
  /** The result of the hook, where it was called at once. */
  result: unknown;

  constructor(
    codec: Codec,
    readonly message: Message,
    frame: Frame | undefined,
  ) {
    super(codec, frame, frame === undefined ? 0 : sizeOf(frame));
  }
}

/** The content of a message; `undefined` for one that cannot be read at once, such as a Blob. */
export function frameOf({ rawData }: Message): Frame | undefined {
  if (typeof rawData === "string" || rawData instanceof Uint8Array) return rawData;
  if (rawData instanceof ArrayBuffer) return new Uint8Array(rawData);
  return undefined;
}

/** The size on the wire. A text of ASCII, the usual one, is not encoded for that. */
function sizeOf(frame: Frame): number {
  if (typeof frame !== "string") return frame.byteLength;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII begins with them
  return /^[\x00-\x7f]*$/.test(frame) ? frame.length : ENCODER.encode(frame).byteLength;
}
