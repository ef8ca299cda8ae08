/**
 * Permission rules in front of a crossws server.
 *
 * @module @portcullis/adapter-crossws
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
export type { Authenticated, OptionsFor, PolicyFor, ScopeWith } from "@portcullis/core/adapter";
export * from "@portcullis/core/codecs";
export type { RefusedRequest } from "@portcullis/core/frames";
export type { Guard } from "./guard.js";
export { guard, serve } from "./guard.js";
export type { CrosswsGuardOptions, ServeOptions, UpgradeRequest } from "./options.js";
