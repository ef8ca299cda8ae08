import { closeReason } from "./close-reason.js";

/** A socket that can be closed. */
export interface ClosableSocket {
  close(code?: number, reason?: string): unknown;
  terminate(): unknown;
}

/** Begins an orderly close. A code or reason that the runtime does not take ends the connection without them. */
export function closeSocket(socket: ClosableSocket, code: number, reason: string): void {
  attempt(() => socket.close(code, closeReason(reason))) || attempt(() => socket.close()) || terminateSocket(socket);
}

/** Ends a connection at once, where the runtime can. */
export function terminateSocket(socket: ClosableSocket): void {
  attempt(() => socket.terminate());
}

/** Returns false where an action throws. */
export function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
