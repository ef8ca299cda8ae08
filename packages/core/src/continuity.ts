/**
 * Keeps the authorization of open connections true: expiry, renewal, revalidation and revocation.
 *
 * @module @portcullis/core/continuity
 */

export { type ContinuityGauges, type CountedContinuity, continuity } from "./continuity/continuity.js";
export type { LogGauges } from "./continuity/follower.js";
export { memoryRevocations } from "./continuity/memory-log.js";
export type { ContinuityOptions, RevalidateOptions } from "./continuity/options.js";
export { RevocationNotDurable } from "./continuity/revocation-error.js";
export type { AppendOptions, RevocationBatch, RevocationLog, RevocationRecord } from "./continuity/revocation-log.js";
export { type RefreshOptions, Revocations, type Revoked, type RevokeOptions } from "./continuity/revocations.js";
export type { Continuity, OnScope } from "./guard/continuity-hook.js";
export type { Identify, Identity } from "./guard/identity.js";
