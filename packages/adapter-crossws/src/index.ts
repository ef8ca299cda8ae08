/**
 * Permission rules in front of a crossws server.
 *
 * @module @portcullis/adapter-crossws
 */

export * from "@portcullis/core/codecs";
export type { RefusedRequest } from "@portcullis/core/frames";
export type { Guard } from "./attach.js";
export { guard } from "./guard.js";
export type { GuardOptions, ServeOptions } from "./options.js";
export { serve } from "./serve.js";
export type { UpgradeRequest } from "./upgrade-facts.js";
