/**
 * Koa middlewares as rules on sockets, and policies as Koa middlewares.
 *
 * @module @portcullis/adapter-express-bridge/koa
 */

export type { FromKoaOptions, InlineKoaMiddleware, KoaMiddlewares, KoaRouter } from "./from-http/from-koa.js";
export { fromKoa } from "./from-http/from-koa.js";
export type { HandshakeSource } from "./from-http/handshake-run.js";
export type { AnyMiddleware } from "./from-http/middlewares.js";
export type { UseKoaOptions } from "./from-http/use-koa.js";
export { useKoa } from "./from-http/use-koa.js";
export type { KoaApplication } from "./runners/koa.js";
// Socket rules in Koa
export type { KoaRequestContext, ToKoaOptions } from "./to-http/to-koa.js";
export { toKoa } from "./to-http/to-koa.js";
