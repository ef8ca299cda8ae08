/**
 * Express middlewares as rules on sockets, and policies as Express middlewares.
 *
 * @module @portcullis/adapter-express-bridge
 */

export type { HttpContext } from "./exchange/http-context.js";
export type { HttpEvidence } from "./exchange/read-outcome.js";
// HTTP rules on sockets
export type { FromExpressOptions } from "./from-http/from-express.js";
export { fromExpress } from "./from-http/from-express.js";
export type { HandshakeSource } from "./from-http/handshake-run.js";
export type { MethodMap } from "./from-http/methods.js";
export { dcrfMethods } from "./from-http/methods.js";
export type { AnyMiddleware, InlineMiddleware, Middlewares } from "./from-http/middlewares.js";
export type { HttpRuleOptions } from "./from-http/options.js";
// Comparison of an HTTP rule with a socket rule
export type { ParityAnswer, ParityCase, ParityDifference } from "./from-http/parity.js";
export { parity } from "./from-http/parity.js";
export type { Identified, UseExpressOptions, UserOf } from "./from-http/use-express.js";
export { useExpress } from "./from-http/use-express.js";
export type { ExpressApplication } from "./runners/express.js";
// Socket rules over HTTP
export type { ExpressRequest, ToExpressOptions } from "./to-http/to-express.js";
export { toExpress } from "./to-http/to-express.js";
export type { HttpDecisionDetails, ToHttpOptions } from "./to-http/to-http-options.js";
