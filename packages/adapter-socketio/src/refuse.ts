import type { Decision } from "@portcullis/core";
import { publicRefusal, type Refusal } from "@portcullis/core/adapter";

/** What a client is told of a refused event. */
export type Denied = (
  refusal: Refusal,
  request: {
    /** The event that was refused. */
    readonly action: string;
    /** Whether this is for the acknowledgement; else it is for the event `permission_denied`. */
    readonly isAcknowledgement: boolean;
  },
) => object;

/** The event that tells of a refusal where the client gave no acknowledgement. */
export const PERMISSION_DENIED = "permission_denied";

/** `{ ok: false, error }`, with the action where nothing else says which it was. */
export const denied: Denied = (error, { action, isAcknowledgement }) =>
  isAcknowledgement ? { ok: false, error } : { ok: false, action, error };

/** A refusal at connect, as socket.io takes it: the client gets it as `connect_error`, with `data`. */
export function connectError(decision: Decision): Error & { readonly data: Refusal } {
  const data = publicRefusal(decision);
  return Object.assign(new Error(data.reason || data.code), { data });
}
