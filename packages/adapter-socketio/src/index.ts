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
  Refusal,
  ReplaceOptions,
} from "@portcullis/core";
export type { PolicyFor } from "@portcullis/core/adapter";
export type { Guard } from "./attach.js";
export { guard } from "./guard.js";
export type { ReadAction, ReadPayload } from "./namespace/event.js";
export type {
  ContinuityEvents,
  Denied,
  PermissionEvents,
  RefusedAcknowledgement,
  RefusedEvent,
} from "./namespace/refusal.js";
export type { SocketScope } from "./namespace/scope.js";
export type { SocketGuardOptions } from "./options.js";
export { serve } from "./serve.js";
export type { ActionsOf, Authenticated, Guardable, OptionsFor, ScopeWith, SocketOf } from "./types.js";
