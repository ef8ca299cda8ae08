import type { Codec, Frame } from "@portcullis/core/codecs";
import { DecodedMessage } from "@portcullis/core/frames";
import type { Message } from "crossws";

/** A message with the object that the hook of the application gets. */
export class PeerMessage extends DecodedMessage {
  /** The result of the hook, where it was called at once. */
  result: unknown;

  constructor(
    codec: Codec,
    readonly message: Message,
    { frame, bytes }: { readonly frame: Frame | undefined; readonly bytes: number },
  ) {
    super(codec, frame, bytes);
  }
}

/** The content of a message; `undefined` for one that cannot be read at once, such as a Blob. */
export function frameOf({ rawData }: Message): Frame | undefined {
  if (typeof rawData === "string" || rawData instanceof Uint8Array) return rawData;
  return rawData instanceof ArrayBuffer ? new Uint8Array(rawData) : undefined;
}
