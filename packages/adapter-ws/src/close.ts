import { type Session, Timeout, throwAsync } from "@portcullis/core/adapter";
import { type BareSocket, CLOSED } from "./ws-internals.js";

/** How long a client may take to answer a closing, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** A close frame has room for this many bytes of reason. */
const LONGEST_REASON = 123;

/**
 * Begins an orderly close, and ends the connection of a client that does not answer it.
 *
 * @throws What ws throws where the code or the reason is invalid; the connection then ends at once.
 */
export function closeSoon(socket: BareSocket, code: number, reason: string): void {
  if (socket.readyState === CLOSED) return;
  const timeout = new Timeout(CLOSE_TIMEOUT_MS, () => socket.terminate());
  socket.once("close", () => timeout.cancel());
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

/** The steps of a drain. */
interface DrainSteps {
  /** @param isLater True when the call that began the drain has returned. */
  whenDrained(isLater: boolean): void;
  /** Runs before that call returns. */
  meanwhile?(): void;
}

/** Drains a session. Returns true when that takes longer than this call. */
export function drainSession(session: Pick<Session, "drain">, { whenDrained, meanwhile }: DrainSteps): boolean {
  let isLater = false;
  let isDrained = false;
  session.drain(() => {
    isDrained = true;
    whenDrained(isLater);
  });
  meanwhile?.();
  isLater = true;
  return !isDrained;
}

/** Emits the close event behind the gate. An error of a listener is thrown later, where nobody catches it. */
export function emitClose(bare: BareSocket, socket: BareSocket | undefined, closing: readonly unknown[]): void {
  try {
    bare.emit.call(socket, "close", ...closing);
  } catch (error) {
    throwAsync(error);
  }
}
