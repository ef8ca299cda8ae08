/**
 * Middlewares of Express as rules on sockets, and policies as middlewares.
 *
 * @module @portcullis/adapter-express-bridge
 */

export type { HttpDecisionDetails, ToHttpOptions } from "./ask-policy.js";
export type { AnyMiddleware, InlineMiddleware, Middlewares } from "./chain.js";
export type { ExpressApplication } from "./express.js";
// HTTP rules on sockets
export type { FromExpressOptions } from "./from-express.js";
export { fromExpress } from "./from-express.js";
export type { MethodMap } from "./methods.js";
export { dcrfMethods } from "./methods.js";
export type { HttpContext, HttpRuleOptions } from "./options.js";
export type { HttpEvidence } from "./outcome.js";
// Both beside each other
export type { ParityAnswer, ParityCase, ParityDifference } from "./parity.js";
export { parity } from "./parity.js";
// Sockets' rules over HTTP
export type { ExpressRequest, ToExpressOptions } from "./to-express.js";
export { toExpress } from "./to-express.js";
export type { Handshaking, Identified, UseExpressOptions } from "./use-express.js";
export { useExpress } from "./use-express.js";
