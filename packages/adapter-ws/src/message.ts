import type { DecodedMessage } from "@portcullis/core/frames";
import type { RawData } from "ws";

/** One request of a client, with the data as ws emitted it. */
export type Message = DecodedMessage<RawData>;

/** The global `Buffer` of Node is an accessor, which costs a message more than the call. */
const { isBuffer } = Buffer;

/** Returns the bytes of a frame; `undefined` for data that ws does not emit. A class in place of its `WebSocket` may. */
export function toBuffer(data: RawData): Buffer | undefined {
  if (isBuffer(data)) return data;
  try {
    return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  } catch {
    return undefined;
  }
}

/** Returns `undefined` for more text than one string can hold. */
export function textOf(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes?.toString();
  } catch {
    return undefined;
  }
}
