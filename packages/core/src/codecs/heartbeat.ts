import { misuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";

/**
 * Keep-alive for clients that cannot send a WebSocket ping, such as browser pages. The client sends exactly `ping` as a
 * text frame, and the guard answers `pong`. No rule runs, and no listener receives the message.
 */
export interface Heartbeat {
  readonly ping: string;
  readonly pong: string;
}

/** Options that all codecs share. */
export interface CodecOptions {
  /** Keep-alive texts, for example `{ ping: "ping", pong: "pong" }`. Default: none. */
  heartbeat?: Heartbeat;
}

const isText = (text: unknown): text is string =>
  // A lone surrogate has no UTF-8 form, so no text frame can carry it.
  typeof text === "string" && text !== "" && !/\p{Surrogate}/u.test(text);

/** True when a codec could decode a text as a message. */
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
 * @returns The option as a part of a codec; empty when it is left out.
 * @throws {PermissionMisuse} When it is not two different texts, or the ping could be a message of the application.
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
