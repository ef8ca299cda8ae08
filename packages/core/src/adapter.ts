/**
 * The contract between adapters and the core. Applications need nothing of it.
 *
 * @module @portcullis/core/adapter
 */

export { decisionFromError } from "./decision/decision-from-error.js";
export { publicRefusal } from "./decision/decision-parts.js";
export { type AttachedServer, createGuard } from "./guard/create-guard.js";
export type { ServableConsumer } from "./guard/dispatch.js";
export { Gate } from "./guard/gate.js";
export type { HandshakeEvaluation } from "./guard/handshake/handshake-evaluation.js";
export type { HandshakeResult } from "./guard/handshake/handshake-result.js";
export { HandshakeScope } from "./guard/handshake/handshake-scope.js";
export { pathOf } from "./guard/handshake/request-path.js";
export type { HandshakeInfo } from "./guard/handshake-info.js";
export type { GuardOptions } from "./guard/options.js";
export { type BackpressureTarget, OutgoingBudget } from "./guard/outgoing-budget.js";
export { BAD_TARGET, badMessage, closeCodeOf, MISSING_ACTION } from "./guard/refusal.js";
export type { ClientMessage, Connection, ReplyOptions } from "./guard/session/connection.js";
export type { Session } from "./guard/session/session.js";
export type { Authenticated, GuardOf, OptionsFor, PolicyFor, ScopeWith } from "./guard/types.js";
export { Timeout } from "./util/deadline.js";
export { throwAsync } from "./util/throw-async.js";
