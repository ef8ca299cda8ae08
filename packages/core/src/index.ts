/**
 * Rules, their combinations, and policies.
 *
 * @module @portcullis/core
 */

// Decide

// Combine
export { and } from "./combinators/and.js";
export { not } from "./combinators/not.js";
export { or } from "./combinators/or.js";
// Types
export type {
  Abstain,
  Allow,
  Answer,
  Decision,
  Deny,
  DenyOptions,
  Fault,
  FaultOptions,
  Outcome,
  Retry,
} from "./decision.js";
// Write rules
export { abstain, allow, deny, fault } from "./decision.js";
export type { DescribedRule } from "./describe.js";
export type { DeniedOptions } from "./errors.js";
// Errors
export { PermissionDenied, PermissionMisuse } from "./errors.js";
export type { And, AsyncOf, EvidenceOf, Fits, GuaranteeOf, Like, Likes, Narrowed, Not, Or, ScopeOf } from "./infer.js";
export type { Permission, PermissionFactory, Rule, RuleParts } from "./permission.js";
export { BasePermission, permission } from "./permission.js";
// Built-in rules
export { AllowAny } from "./permissions/allow-any.js";
export { DenyAll } from "./permissions/deny-all.js";
export { HasRole } from "./permissions/has-role.js";
export type { SignedIn } from "./permissions/is-authenticated.js";
export { IsAuthenticated } from "./permissions/is-authenticated.js";
export { IsAuthenticatedOrReadOnly } from "./permissions/is-authenticated-or-read-only.js";
export { permissionsFor } from "./permissions-for.js";
export type {
  ActionEntry,
  AskedBy,
  DescribedPolicy,
  Policy,
  PolicyFactory,
  PolicyOptions,
  Timeouts,
} from "./policy.js";
export { definePolicy } from "./policy.js";
export type {
  AskOptions,
  ConnectContext,
  Consumer,
  Context,
  MaybePromise,
  ObjectContext,
  ObjectOptions,
  Payload,
  Scope,
  StandardIssue,
  StandardResult,
  StandardSchema,
  TextValue,
} from "./types.js";
