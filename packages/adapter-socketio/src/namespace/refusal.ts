import { type Decision, fault, type Limits, type Refusal } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";
import { sizeOf } from "../engine/approximate-size.js";
import type { BareSocket, Done } from "../socketio-internals.js";

const CONNECT_ERROR = 4;

/** Makes the answer to a refused event. */
export type Denied = (
  refusal: Refusal,
  request: {
    /** The event that was refused. */
    readonly action: string;
    /** True for the acknowledgement, false for the event `permission_denied`. */
    readonly isAcknowledgement: boolean;
  },
) => object;

/** The default acknowledgement of a refused event. */
export interface RefusedAcknowledgement {
  ok: false;
  error: Refusal;
}

/** The default argument of the event `permission_denied`. It has the `action`, because nothing else identifies it. */
export interface RefusedEvent extends RefusedAcknowledgement {
  action: string;
}

/**
 * The events that a guard sends to clients, for the second type argument of `Server`. `R` is their argument: what the option
 * `denied` returns for an event.
 *
 * @example
 * ```ts
 * import type { PermissionEvents } from "@portcullis/adapter-socketio";
 * import { Server } from "socket.io";
 *
 * interface ServerToClientEvents extends PermissionEvents {
 *   "chat.sent": (message: { text: string }) => void;
 * }
 * const io = new Server<Record<string, never>, ServerToClientEvents>();
 * console.assert(io.sockets !== undefined);
 * ```
 */
export interface PermissionEvents<R extends object = RefusedEvent> {
  /** The refusal of an event for which the client gave no acknowledgement. */
  permission_denied: (refusal: R) => void;
}

/**
 * The events that a guard with the option `continuity` sends besides.
 *
 * @example
 * ```ts
 * import type { ContinuityEvents, PermissionEvents } from "@portcullis/adapter-socketio";
 * import type { Socket } from "socket.io-client";
 *
 * interface ServerToClientEvents extends PermissionEvents, ContinuityEvents {}
 * const renewSoon = (socket: Socket<ServerToClientEvents>) =>
 *   socket.on("auth.expiring", ({ expiresIn }) => console.log(`${expiresIn} s are left`));
 * console.assert(renewSoon !== undefined);
 * ```
 */
export interface ContinuityEvents {
  /** The end of the identity is near. `expiresIn` is in whole seconds, rounded down. */
  "auth.expiring": (end: { expiresIn: number }) => void;
  /** The identity has expired. Events are refused with 401 `token_expired` until it is renewed. */
  "auth.expired": (end: object) => void;
  /** The authorization has ended. The namespace is left after it. */
  "auth.ended": (refusal: Refusal) => void;
}

export const PERMISSION_DENIED = "permission_denied" satisfies keyof PermissionEvents;

/** The default answer. */
export const denied = (
  error: Refusal,
  { action, isAcknowledgement }: Parameters<Denied>[1],
): RefusedAcknowledgement | RefusedEvent =>
  isAcknowledgement ? { ok: false, error } : ({ ok: false, action, error } satisfies RefusedEvent);

/** A refusal at connect. The client gets it as `connect_error`, with `data`. */
export function connectError(decision: Decision): Error & { readonly data: Refusal } {
  const data = publicRefusal(decision);
  return Object.assign(new Error(data.reason || data.code), { data });
}

/** A refusal of a middleware of the application, as socket.io sends it, and its approximate size. */
export interface MiddlewareError {
  readonly error: NonNullable<Parameters<Done>[0]>;
  readonly size: number;
}

/**
 * Reads the argument that a middleware of the application passed to `next`, once. It may be any value. socket.io sends
 * its `message` and its `data`.
 *
 * @throws {unknown} When the value cannot be read, or the server's parser cannot encode it. socket.io would throw that
 *   in the next tick, where it cannot be caught.
 */
export function readMiddlewareError(value: unknown, { client, nsp }: BareSocket): MiddlewareError {
  const { message, data } = Object(value) as Error & { readonly data?: unknown };
  client.encoder?.encode({ type: CONNECT_ERROR, nsp: nsp.name, data: { message, data } });
  return { error: { message, data } as never, size: sizeOf([message, data]) };
}

/** The refusal of a CONNECT whose `auth` is too large. */
export const authTooLarge = (): Decision =>
  fault("payload_too_large", { status: 413, reason: "What was given as `auth` is too large." });

/** The refusal of a client that asks for one namespace too often. */
export const tooOften = ({ undecodableWindow }: Required<Limits>): Decision =>
  fault("rate_limited", { retryAfter: Math.ceil(undecodableWindow / 1000) });
