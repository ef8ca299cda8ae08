import { type Session, Timeout, throwAsync } from "@portcullis/core/adapter";
import { closeReason } from "@portcullis/core/frames";
import { type BareSocket, CLOSED } from "./ws-internals.js";

/** Milliseconds that a client has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Starts the closing handshake, and terminates the connection of a client that does not answer within a second.
 *
 * @throws The error of ws when the code or the reason is invalid. The connection is then terminated at once.
 */
export function closeSoon(socket: BareSocket, code: number, reason: string): void {
  if (socket.readyState === CLOSED) return;
  const timeout = new Timeout(CLOSE_TIMEOUT_MS, () => socket.terminate());
  socket.once("close", () => timeout.cancel());
  try {
    socket.close(code, closeReason(reason));
  } catch (error) {
    socket.terminate();
    throw error;
  }
}

/** Callbacks of a drain. */
interface DrainSteps {
  /** @param isLater True when `drainSession` has already returned. */
  whenDrained(isLater: boolean): void;
  /** Runs before `drainSession` returns. */
  meanwhile?(): void;
}

/** Drains a session. Returns true when messages are still pending on return. */
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

/**
 * Emits the close event to the application. An error of a listener becomes an uncaught exception, as without a guard.
 */
export function emitClose(bare: BareSocket, socket: BareSocket | undefined, closing: readonly unknown[]): void {
  try {
    bare.emit.call(socket, "close", ...closing);
  } catch (error) {
    throwAsync(error);
  }
}
