import { Timeout } from "@portcullis/core/adapter";
import type { BareSocket } from "./guarded-socket.js";

/** How long a client may take to answer a closing, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Of a socket that is closed. */
const CLOSED = 3;
/** A close frame has room for this many bytes of reason. */
const LONGEST_REASON = 123;

/**
 * Begins an orderly close, and ends the connection of a client that does not answer it.
 *
 * @throws What ws throws where the code or the reason is invalid; the connection then ends at once.
 */
export function closeSoon(socket: BareSocket, code: number, reason: string): void {
  if (socket.readyState === CLOSED) return;
  const wait = new Timeout(CLOSE_TIMEOUT_MS, () => socket.terminate());
  socket.once("close", () => wait.cancel());
  try {
    socket.close(code, shorten(reason));
  } catch (error) {
    socket.terminate();
    throw error;
  }
}

function shorten(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= LONGEST_REASON) return reason;
  return new TextDecoder().decode(bytes.subarray(0, LONGEST_REASON), { stream: true });
}
