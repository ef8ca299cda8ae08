import { PermissionMisuse } from "@portcullis/core";
import { COMMON_OPTIONS, checkKeys, type GuardOptions } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { ReadPayload } from "./namespace/event.js";
import { type Denied, denied } from "./namespace/refusal.js";

/** What `guard` and `serve` take. `S` is the server's type of sockets. */
export interface SocketGuardOptions<S = Socket, Extra = unknown> extends GuardOptions<S, Extra> {
  /**
   * Makes the payload that rules see from the arguments of an event, without the acknowledgement. Listeners get the
   * arguments unchanged. Default: the first argument if it is a plain object, `{}` if there is none, else `{ args }`.
   */
  payload?: ReadPayload;
  /** What a client is told of a refused event. Default `{ ok: false, error: { code, status, reason, retry } }`. */
  denied?: Denied;
  /**
   * Whether clients take turns: of each WebSocket sixteen messages are handed on in one turn of the event loop, of what
   * is more two in every turn, and it is not read meanwhile, so that a client that sends as fast as it can does not keep
   * the others waiting. Default true. It is the whole server's: one guard that wants it is enough.
   */
  fairScheduling?: boolean;
}

/** The options of this adapter, with their defaults. */
export interface OwnOptions {
  readonly payload: ReadPayload | undefined;
  readonly denied: Denied;
  readonly fairScheduling: boolean;
}

/**
 * Parts the options of this adapter from those that all have in common.
 *
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 */
export function readOptions<S>(
  place: string,
  options: SocketGuardOptions<S>,
): { own: OwnOptions; common: GuardOptions<S> } {
  checkKeys(place, options, [...COMMON_OPTIONS, "payload", "denied", "fairScheduling"]);
  const { payload, denied: shape = denied, fairScheduling = true, ...common } = options;
  if (payload !== undefined && typeof payload !== "function") {
    throw new PermissionMisuse(
      `${place} got a wrong \`payload\`: give a function, as in (event, args) => ({ text: args[0] })`,
    );
  }
  if (typeof shape !== "function") {
    throw new PermissionMisuse(
      `${place} got a wrong \`denied\`: give a function, as in (refusal) => ({ error: refusal.code })`,
    );
  }
  if (typeof fairScheduling !== "boolean")
    throw new PermissionMisuse(`${place} got a wrong \`fairScheduling\`: write true or false`);
  return { own: { payload, denied: shape, fairScheduling }, common };
}
