import type { Heartbeat } from "@portcullis/core/codecs";
import type { RawData } from "ws";

/** Returns a function that is true for the ping of a heartbeat. */
export function pingOf({ ping }: Heartbeat): (data: RawData, isBinary: boolean) => boolean {
  const bytes = Buffer.from(ping);
  // ws emits text as one Buffer, whatever `binaryType` is. A class in its place may do otherwise.
  return (data, isBinary) => !isBinary && Buffer.isBuffer(data) && bytes.equals(data);
}
