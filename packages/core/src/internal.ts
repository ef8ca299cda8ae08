/**
 * Parts that the packages of this project share. They may change with every release, without notice.
 *
 * @module @portcullis/core/internal
 */

// Continuity
export { isSubject } from "./continuity/identity.js";
export { isAddressedSince, type RecordMark } from "./continuity/recent-records.js";
export { isSettled } from "./continuity/settled.js";
export { misuse } from "./decision/errors.js";
// Options
export { checkKeys, readMilliseconds } from "./decision/read-options.js";
export { ABORTED } from "./engine/cancellation.js";
// Evaluation
export { HANDS_ON, type HandedOn, REPEATABLE } from "./engine/combine.js";
export { readLoaded } from "./engine/loaded-object.js";
export { type AnswerRecord, createAnswerRecord } from "./engine/record.js";
export type { ContinuityHook } from "./guard/continuity-hook.js";
// Reports
export { FaultLog } from "./guard/fault-log.js";
// Handshakes
export { notAuthenticated } from "./guard/handshake/authentication-error.js";
export { isOwnOrigin, judgeOrigin } from "./guard/handshake/origin.js";
export { readExtra, refusalIn } from "./guard/handshake/read-extra.js";
// Headers of a handshake response
export {
  type AnswerHeader,
  addAnswerHeader,
  isHeader,
  openAnswerHeaders,
  takeAnswerHeaders,
} from "./guard/handshake/response-headers.js";
// Guards
export { ViolationCounter } from "./guard/session/violation-counter.js";
export type { CheckNeeds, LaterScope } from "./guard/types.js";
// Tables of actions, and their names
export type { ActionRules } from "./policy/options.js";
export { engineOf } from "./policy/policy.js";
export type { PolicyEngine } from "./policy/policy-engine.js";
export type { AnyName, AskedName } from "./policy/policy-types.js";
export { type Traces, traces } from "./policy/trace.js";
export { endWith, isAborted, type SignalSource } from "./rules/end-with.js";
export { type Phase, UNLISTED } from "./rules/tree.js";
export { type Identity, identityOf } from "./rules/user.js";
// Timeouts
export { cancelTimeout, isOverdue, type TimeoutNode, timeoutListOf } from "./util/deadline.js";
export { ErrorPrinter } from "./util/error-printer.js";
export { isMisspelling } from "./util/misspelling.js";
export { printLine } from "./util/print-line.js";
export { show } from "./util/show.js";
export { ignoreRejection } from "./util/thenable.js";
