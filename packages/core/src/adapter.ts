/**
 * What an adapter needs of the core, and nothing an application needs.
 *
 * @module @portcullis/core/adapter
 */

export { type Admission, type Admitted, type Handshake, readExtra } from "./admission.js";
export {
  type AnswerHeader,
  addAnswerHeader,
  isForRules,
  isHeader,
  openAnswerHeaders,
  takeAnswerHeaders,
} from "./answer-headers.js";
export { HANDS_ON, type HandedOn, REPEATABLE } from "./combine.js";
export { deadlinesOf, type Expiring, endWait, isOverdue, Wait } from "./deadline.js";
export { type Decision, thrown } from "./decision.js";
export { notAuthenticated } from "./denial.js";
export { checkKeys, misuse, show } from "./errors.js";
export { FaultLog } from "./fault-log.js";
export { Flood } from "./flood.js";
export { COMMON_OPTIONS, type DecisionEvent, Gate, type GuardOptions, type Served } from "./gate.js";
export type {
  Authenticate,
  Authenticated,
  GuardOf,
  GuardSession,
  Needed,
  OptionsFor,
  PolicyFor,
  ScopeWith,
} from "./guard-types.js";
export type { Limits } from "./limits.js";
export type { Incoming, Link, ReplyOptions } from "./link.js";
export { readLoaded } from "./loaded.js";
export { isOwnOrigin, judgeOrigin, type OriginRule } from "./origin.js";
export type { Origins } from "./origins.js";
export { OutgoingBudget, type Outlet } from "./outgoing-budget.js";
export { type PublicIssue, publicIssues } from "./parts.js";
export { engineOf, type PolicyEngine } from "./policy.js";
export {
  BAD_TARGET,
  badMessage,
  closeCodeOf,
  GOING_AWAY,
  MISSING_ACTION,
  publicRefusal,
  type Refusal,
} from "./refusal.js";
export { readMilliseconds } from "./rules.js";
export { ABORTED, type Watch, watching } from "./run.js";
export { HandshakeScope, type Knock } from "./scope.js";
export { type Carrier, ServerEnd } from "./server-end.js";
export type { Session } from "./session.js";
export { print, surface } from "./surface.js";
export { pathOf } from "./target.js";
export { letGo } from "./thenable.js";
export { type TraceNode, type Traces, traces } from "./trace.js";
export type { Moment } from "./tree.js";
export { type Identity, identityOf } from "./user.js";
