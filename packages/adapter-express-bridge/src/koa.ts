/**
 * Middlewares of Koa as rules on sockets, and policies as middlewares.
 *
 * @module @portcullis/adapter-express-bridge/koa
 */

export type { AnyMiddleware } from "./chain.js";
export type { FromKoaOptions, InlineKoaMiddleware, KoaMiddlewares, KoaRouter } from "./from-koa.js";
export { fromKoa } from "./from-koa.js";
export type { KoaApplication } from "./koa-run.js";
// and a socket's rules in Koa
export type { ToKoaOptions } from "./to-koa.js";
export { toKoa } from "./to-koa.js";
