/**
 * Permission rules in front of a crossws server.
 *
 * @module @portcullis/adapter-crossws
 */

export * from "@portcullis/core/codecs";
export type { RefusedRequest } from "@portcullis/core/frames";
export type { Guard } from "./guard.js";
export { guard, serve } from "./guard.js";
export type { GuardOptions, ServeOptions, UpgradeRequest } from "./options.js";
