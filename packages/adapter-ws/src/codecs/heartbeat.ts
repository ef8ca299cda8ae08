import { checkKeys, misuse } from "@portcullis/core/internal";
import type { RawData } from "ws";

/**
 * How a client keeps its connection alive where it cannot send a ping of WebSocket, as no page can: it sends `ping` as
 * a text frame, exactly, and is answered `pong`. No rule is asked, and no listener hears of it.
 */
export interface Heartbeat {
  readonly ping: string;
  readonly pong: string;
}

/** An option that all codecs have in common. */
export interface CodecOptions {
  /** What a client sends to keep alive, and what it is answered: `{ ping: "ping", pong: "pong" }`. */
  heartbeat?: Heartbeat;
}

const isText = (text: unknown): text is string =>
  // A text that is no UTF-8 is in no frame.
  typeof text === "string" && text !== "" && Buffer.from(text).toString() === text;

/** Whether a codec could read a text as a message. */
function isObject(text: string): boolean {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null;
  } catch {
    return false;
  }
}

/**
 * Checks the option `heartbeat`.
 *
 * @returns It, as a part of a codec.
 * @throws {PermissionMisuse} When it is not two texts, both the same, or the ping may be a message of the application.
 */
export function readHeartbeat(caller: string, heartbeat: Heartbeat | undefined): { heartbeat?: Heartbeat } {
  if (heartbeat === undefined) return {};
  checkKeys(`\`heartbeat\` of ${caller}`, heartbeat, ["ping", "pong"]);
  const { ping, pong } = heartbeat;
  if (isText(ping) && isText(pong)) {
    if (ping === pong)
      throw misuse(
        caller,
        ping,
        "give two that differ, so that no answer is a question",
        "both texts of its `heartbeat`",
      );
    if (isObject(ping))
      throw misuse(
        caller,
        ping,
        'give a text that is no message, as in "ping": no rule is asked about it',
        "the ping of its `heartbeat`",
      );
    return { heartbeat: { ping, pong } };
  }
  throw misuse(
    caller,
    isText(ping) ? pong : ping,
    'give two texts, as in { ping: "ping", pong: "pong" }',
    "`heartbeat`",
  );
}

/** Tells whether a message is the ping of a heartbeat. */
export function pingOf({ ping }: Heartbeat): (data: RawData, isBinary: boolean) => boolean {
  const bytes = Buffer.from(ping);
  // ws gives text as one Buffer, whatever the binary type; a class in its caller may do otherwise.
  return (data, isBinary) => !isBinary && Buffer.isBuffer(data) && bytes.equals(data);
}
