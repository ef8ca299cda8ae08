/**
 * Rules, their combinations, and policies.
 *
 * @module @portcullis/core
 */

export type { Abstain, Allow, Answer, Deny, DenyOptions, Fault, FaultOptions } from "./decision/answers.js";
export { abstain, allow, deny, fault } from "./decision/answers.js";
export type { PublicIssue, Refusal } from "./decision/decision-parts.js";
export type { Decision, Outcome, Retry } from "./decision/decision-types.js";
export type { DeniedOptions } from "./decision/errors.js";
export { PermissionDenied, PermissionMisuse } from "./decision/errors.js";
export type { DecisionEvent } from "./guard/decision-log.js";
export type { DecisionPhase } from "./guard/decision-phase.js";
export type { CheckOptions, GuardSession, SessionIdentity } from "./guard/guard-session.js";
export type { Origins } from "./guard/handshake/allowed-origins.js";
export type { HandshakeFacts } from "./guard/handshake/handshake-facts.js";
export type { OriginRule } from "./guard/handshake/origin.js";
export type { Limits } from "./guard/limits.js";
export type { ReplaceOptions } from "./guard/options.js";
export type { Authenticate, Needed } from "./guard/types.js";
export type { ActionEntry, PolicyOptions, Timeouts } from "./policy/options.js";
export { permissionsFor } from "./policy/permissions-for.js";
export { definePolicy } from "./policy/policy.js";
export type {
  DecideConnectOptions,
  DecideOptions,
  DescribedPolicy,
  Policy,
  PolicyFactory,
} from "./policy/policy-types.js";
export type { TraceNode, Traces } from "./policy/trace.js";
export { BasePermission } from "./rules/base-permission.js";
export type { DenialOptions } from "./rules/build-tree.js";
export { AllowAny } from "./rules/built-in/allow-any.js";
export { DenyAll } from "./rules/built-in/deny-all.js";
export { HasRole } from "./rules/built-in/has-role.js";
export type { SignedIn } from "./rules/built-in/is-authenticated.js";
export { IsAuthenticated } from "./rules/built-in/is-authenticated.js";
export { IsAuthenticatedOrReadOnly } from "./rules/built-in/is-authenticated-or-read-only.js";
export type { RateLimiter } from "./rules/built-in/rate-limit.js";
export { rateLimit } from "./rules/built-in/rate-limit.js";
export { and } from "./rules/combinators/and.js";
export { not } from "./rules/combinators/not.js";
export { or } from "./rules/combinators/or.js";
export type { DescribedRule } from "./rules/describe.js";
export type { PermissionFactory, RuleParts } from "./rules/function-rule.js";
export { permission } from "./rules/function-rule.js";
export type {
  And,
  AsyncOf,
  CheckScope,
  EvidenceOf,
  GuaranteeOf,
  NarrowedScope,
  Not,
  Or,
  PermissionLike,
  PermissionLikes,
  ScopeOf,
} from "./rules/infer.js";
export type { Permission, Rule } from "./rules/permission.js";
export type { RoleScope, UserScope } from "./rules/user-types.js";
export type {
  ConnectContext,
  Consumer,
  Context,
  MaybePromise,
  ObjectContext,
  ObjectOptions,
  Payload,
  RuleOptions,
  Scope,
  StandardIssue,
  StandardResult,
  StandardSchema,
  TextValue,
} from "./types.js";
