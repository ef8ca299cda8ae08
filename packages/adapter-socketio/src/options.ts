import { PermissionMisuse } from "@portcullis/core";
import { COMMON_OPTIONS, checkKeys, type GuardOptions } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { ReadPayload } from "./namespace/event.js";
import type { OwnOptions } from "./namespace/guard-context.js";
import { type Denied, denied } from "./namespace/refusal.js";

/** The options of `guard` and `serve`. `S` is the server's type of sockets. */
export interface SocketGuardOptions<S = Socket, Extra = unknown> extends GuardOptions<S, Extra> {
  /**
   * Makes the payload that rules see from the arguments of an event, without the acknowledgement. Listeners get the
   * arguments unchanged. Default: the first argument if it is a plain object, `{}` if there is none, else `{ args }`.
   */
  payload?: ReadPayload;
  /** Makes the answer to a refused event. Default `{ ok: false, error: { code, status, reason, retry } }`. */
  denied?: Denied;
  /**
   * True when clients take turns: sixteen messages of each WebSocket are emitted in one tick of the event loop, and of a
   * backlog two in every tick. The WebSocket is not read meanwhile, so a client that sends as fast as it can does not
   * delay the others. Default true. It applies to the whole server as soon as one guard wants it.
   */
  fairScheduling?: boolean;
}

/**
 * Parts the options of this adapter from those that all have in common.
 *
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 */
export function readOptions<S>(
  caller: string,
  options: SocketGuardOptions<S>,
): { own: OwnOptions; common: GuardOptions<S> } {
  checkKeys(caller, options, [...COMMON_OPTIONS, "payload", "denied", "fairScheduling"]);
  const { payload, denied: shape = denied, fairScheduling = true, ...common } = options;
  if (payload !== undefined && typeof payload !== "function") {
    throw new PermissionMisuse(
      `${caller} got a wrong \`payload\`: give a function, as in (event, args) => ({ text: args[0] })`,
    );
  }
  if (typeof shape !== "function") {
    throw new PermissionMisuse(
      `${caller} got a wrong \`denied\`: give a function, as in (refusal) => ({ error: refusal.code })`,
    );
  }
  if (typeof fairScheduling !== "boolean")
    throw new PermissionMisuse(`${caller} got a wrong \`fairScheduling\`: write true or false`);
  return { own: { payload, denied: shape, fairScheduling }, common };
}
