import type { Codec } from "@portcullis/core/codecs";
import { DecodedMessage } from "@portcullis/core/frames";
import type { RawData } from "ws";

/** One message of a socket, decoded. */
export class Message extends DecodedMessage {
  /** The data as ws emitted it. */
  readonly data: RawData;
  readonly isBinary: boolean;

  constructor(codec: Codec, data: RawData, isBinary: boolean) {
    const bytes = toBuffer(data);
    super(codec, isBinary ? bytes : textOf(bytes), bytes?.length ?? 0);
    this.data = data;
    this.isBinary = isBinary;
  }
}

/** Returns `undefined` for data that ws does not emit. A class in place of its `WebSocket` may. */
function toBuffer(data: RawData): Buffer | undefined {
  if (Buffer.isBuffer(data)) return data;
  try {
    return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  } catch {
    return undefined;
  }
}

/** Returns `undefined` for more text than one string can hold. */
function textOf(bytes: Buffer | undefined): string | undefined {
  try {
    return bytes?.toString();
  } catch {
    return undefined;
  }
}
