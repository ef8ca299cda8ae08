/**
 * What an adapter needs of the core, and nothing an application needs.
 *
 * @module @portcullis/core/adapter
 */

export { type Decision, decisionFromError } from "./decision/decision.js";
export { type PublicIssue, publicIssues, publicRefusal, type Refusal } from "./decision/decision-parts.js";
export { checkKeys, misuse, show } from "./decision/errors.js";
export { HANDS_ON, type HandedOn, REPEATABLE } from "./engine/combine.js";
export { ABORTED, type AnswerRecord, createAnswerRecord } from "./engine/evaluation.js";
export { readLoaded } from "./engine/loaded-object.js";
export { FaultLog } from "./guard/fault-log.js";
export { COMMON_OPTIONS, type DecisionEvent, Gate, type GuardOptions, type ServableConsumer } from "./guard/gate.js";
export {
  type Handshake,
  type HandshakeEvaluation,
  type HandshakeResult,
  readExtra,
  refusalIn,
} from "./guard/handshake/admission.js";
export type { Origins } from "./guard/handshake/allowed-origins.js";
export { notAuthenticated } from "./guard/handshake/authentication-error.js";
export { type HandshakeInfo, HandshakeScope } from "./guard/handshake/handshake-scope.js";
export { isOwnOrigin, judgeOrigin, type OriginRule } from "./guard/handshake/origin.js";
export { pathOf } from "./guard/handshake/request-path.js";
export {
  type AnswerHeader,
  addAnswerHeader,
  isForRules,
  isHeader,
  openAnswerHeaders,
  takeAnswerHeaders,
} from "./guard/handshake/response-headers.js";
export type { Limits } from "./guard/limits.js";
export { type BackpressureTarget, OutgoingBudget } from "./guard/outgoing-budget.js";
export {
  BAD_TARGET,
  badMessage,
  closeCodeOf,
  GOING_AWAY,
  MISSING_ACTION,
} from "./guard/refusal.js";
export type { ClientMessage, Connection, ReplyOptions } from "./guard/session/connection.js";
export { type Carrier, ConnectionConsumer } from "./guard/session/connection-consumer.js";
export { ViolationCounter } from "./guard/session/flood.js";
export type { Session } from "./guard/session/session.js";
export type {
  Authenticate,
  Authenticated,
  GuardOf,
  GuardSession,
  Needed,
  OptionsFor,
  PolicyFor,
  ScopeWith,
} from "./guard/types.js";
export { readMilliseconds } from "./policy/compile-policy.js";
export { engineOf, type PolicyEngine } from "./policy/policy.js";
export { type TraceNode, type Traces, traces } from "./policy/trace.js";
export { type Phase, UNLISTED } from "./rules/tree.js";
export { type Identity, identityOf } from "./rules/user.js";
export { cancelTimeout, isOverdue, Timeout, type TimeoutNode, timeoutListOf } from "./util/deadline.js";
export { ignoreRejection } from "./util/thenable.js";
export { printError, throwAsync } from "./util/throw-async.js";
