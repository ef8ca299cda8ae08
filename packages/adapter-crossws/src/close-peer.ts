import type { Peer } from "crossws";

/** The most that the reason of a close may have (RFC 6455, section 5.5). */
const REASON_BYTES = 123;

/** Begins an orderly close. A code or reason that the runtime does not take ends the connection without them. */
export function closePeer(peer: Peer, code: number, reason: string): void {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(REASON_BYTES));
  attempt(() => peer.close(code, reason.slice(0, read))) || attempt(() => peer.close()) || terminatePeer(peer);
}

/** Ends a connection at once, where the runtime can. */
export function terminatePeer(peer: Peer): void {
  attempt(() => peer.terminate());
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
