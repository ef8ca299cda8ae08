/**
 * Guards for servers of [socket.io](https://socket.io).
 *
 * @module @portcullis/adapter-socketio
 */

export type {
  DecisionEvent,
  GuardSession,
  Limits,
  Needed,
  OriginRule,
  Origins,
  PolicyFor,
  Refusal,
} from "@portcullis/core/adapter";
// Put rules in front of a server
export type { Guard } from "./attach.js";
export type { ReadPayload } from "./event.js";
export { guard } from "./guard.js";
export type { SocketGuardOptions } from "./options.js";
export type { Denied } from "./refuse.js";
export type { SocketScope } from "./scope.js";
export { serve } from "./serve.js";
export type { Authenticated, Guardable, OptionsFor, ScopeWith, SocketOf } from "./types.js";
