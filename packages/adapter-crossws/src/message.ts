import type { Frame } from "@portcullis/core/codecs";
import type { DecodedMessage } from "@portcullis/core/frames";
import type { Message } from "crossws";

/** One request of a peer, with the object that the hook of the application gets. */
export type PeerMessage = DecodedMessage<Message>;

/** The content of a message; `undefined` for one that cannot be read at once, such as a Blob. */
export function frameOf({ rawData }: Message): Frame | undefined {
  if (typeof rawData === "string" || rawData instanceof Uint8Array) return rawData;
  return rawData instanceof ArrayBuffer ? new Uint8Array(rawData) : undefined;
}
