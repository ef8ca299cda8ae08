import { PermissionMisuse, type Rule, type Scope } from "@portcullis/core";
import type { HttpEvidence } from "../exchange/read-outcome.js";
import { type KoaApplication, koaRun, readKoa } from "../runners/koa.js";
import { checkKoaStops } from "../runners/koa-routes.js";
import { ruleOf } from "./http-rule.js";
import { type AnyMiddleware, flatten, nameOf } from "./middlewares.js";
import { type HttpRuleOptions, readSettings } from "./options.js";

/** Options of {@link fromKoa}. */
export interface FromKoaOptions<S = Scope, A = KoaApplication> extends HttpRuleOptions<S> {
  /** The Koa application (2 or 3) whose settings apply: keys, trusted proxies, extensions of its context. */
  app: A;
}

/** A router, before `routes()` makes a middleware of it. */
export type KoaRouter = { routes(): (...input: never[]) => unknown };

/** The context type of the middlewares of an application. */
export type ContextOf<A> = A extends { use(middleware: infer M): unknown }
  ? M extends (context: infer Context, ...rest: never[]) => unknown
    ? Context
    : object
  : object;

/** An inline middleware. The application `A` determines the type of its context. */
export type InlineKoaMiddleware<A> = (context: ContextOf<A>, next: () => Promise<unknown>) => unknown;

/** Koa middlewares: a function, a router, or a list of them, nested to any depth. */
export type KoaMiddlewares<A = KoaApplication> =
  | InlineKoaMiddleware<A>
  | AnyMiddleware
  | KoaRouter
  | readonly KoaMiddlewares<A>[];

/**
 * Makes a permission of unchanged Koa middlewares, evaluated at connect and at every action. It allows when the end of
 * the chain is reached and nothing on the way back refuses.
 *
 * @param middlewares A middleware, a router of `@koa/router`, or a list of them. Middlewares that belong together go
 *   into one list.
 * @param options `app`, and all options of `fromExpress` beside it.
 * @returns A permission. When it allows, its evidence holds `user`, `session`, `locals` (`ctx.state`) and `params`, and
 *   `body` if the middlewares changed it.
 * @throws {PermissionMisuse} When there is no middleware, a middleware is not a function, or an option is invalid.
 * @example
 * ```ts
 * import { fromKoa } from "@portcullis/adapter-express-bridge/koa";
 * import { definePolicy } from "@portcullis/core";
 * import Koa, { type Middleware } from "koa";
 *
 * const app = new Koa();
 * const requireKey: Middleware = (ctx, next) => {
 *   if (ctx.get("x-api-key") !== "secret") ctx.throw(401, "An API key is needed.");
 *   return next();
 * };
 * const policy = definePolicy({ actions: { "report.create": fromKoa(requireKey, { app }) } });
 * ```
 */
export function fromKoa<S extends Scope = Scope, A extends KoaApplication = KoaApplication>(
  middlewares: KoaMiddlewares<A>,
  options: FromKoaOptions<S, A>,
): Rule<S, unknown, HttpEvidence, true> {
  const caller = "fromKoa()";
  const chain = koaChain(caller, middlewares);
  const settings = readSettings(caller, (options ?? {}) as FromKoaOptions<never, A>, "app");
  checkKoaStops(caller, chain, settings.stopAt);
  const run = koaRun(chain, readKoa(caller, options?.app), settings);
  return ruleOf(caller, options.name ?? nameOf(caller, chain), settings, run);
}

/** @throws {PermissionMisuse} When there is no middleware, or one is not a function. */
export function koaChain(caller: string, middlewares: unknown): ((...input: never[]) => unknown)[] {
  const chain: ((...input: never[]) => unknown)[] = flatten(caller, middlewares, middlewareOf);
  for (const one of chain) {
    if (one.constructor.name === "GeneratorFunction") {
      throw new PermissionMisuse(`${caller} got the generator \`${one.name}\`: wrap it, as in convert(${one.name})`);
    }
  }
  return chain;
}

function middlewareOf(one: unknown): unknown {
  const isRouter = typeof one === "object" && one !== null && typeof (one as Partial<KoaRouter>).routes === "function";
  return isRouter ? (one as KoaRouter).routes() : one;
}
