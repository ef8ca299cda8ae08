/**
 * Guards for servers of [ws](https://github.com/websockets/ws).
 *
 * @module @portcullis/adapter-ws
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
export type { Authenticated, PolicyFor, ScopeWith } from "@portcullis/core/adapter";
export * from "@portcullis/core/codecs";
export type { RefusedRequest } from "@portcullis/core/frames";
export type { Guard } from "./attach.js";
export { guard } from "./guard.js";
export type { WsGuardOptions } from "./options.js";
export { serve } from "./serve.js";
export type { OptionsFor } from "./types.js";
