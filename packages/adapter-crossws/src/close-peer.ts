import { closeReason } from "@portcullis/core/frames";
import type { Peer } from "crossws";

/** Begins an orderly close. A code or reason that the runtime does not take ends the connection without them. */
export function closePeer(peer: Peer, code: number, reason: string): void {
  attempt(() => peer.close(code, closeReason(reason))) || attempt(() => peer.close()) || terminatePeer(peer);
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
