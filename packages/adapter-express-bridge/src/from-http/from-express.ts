import type { Rule, Scope } from "@portcullis/core";
import type { HttpEvidence } from "../exchange/read-outcome.js";
import { type ExpressApplication, expressRun, readApp } from "../runners/express.js";
import { checkStops } from "../runners/express-routes.js";
import type { Handler } from "../runners/handler.js";
import { ruleOf } from "./http-rule.js";
import { type DeclaredUser, flatten, type Middlewares, nameOf } from "./middlewares.js";
import { type HttpRuleOptions, readSettings } from "./options.js";

/** Options of {@link fromExpress}. */
export interface FromExpressOptions<S = Scope, A = ExpressApplication | null> extends HttpRuleOptions<S> {
  /**
   * The Express application (4 or 5) whose settings apply: trusted proxies, query parser, locals. `null` for plain
   * connect-style middlewares, which use nothing of Express. Optional if an application is among the middlewares.
   */
  app?: A;
}

/**
 * Makes a permission of unchanged Express middlewares. At connect it is evaluated with a request derived from the
 * handshake, and at every action with a request derived from handshake and payload. It allows exactly where a request
 * would reach the handler of the route.
 *
 * @param middlewares A middleware, a router, an application, or a list of them. Middlewares that belong together, such
 *   as a session and its readers, go into one list.
 * @param options `app`, `name`, `methods`, `url`, `params`, `query`, `body`, `headers`, `user`, `timeout`
 *   (milliseconds), `unmatched`, `stopAt`, `handOn`, `maxBody` (bytes), `onError`.
 * @returns A permission. When it allows, its evidence holds `user`, `auth`, `session`, `locals` and `params`, and
 *   `body` if the middlewares changed it.
 * @throws {PermissionMisuse} When there is no middleware, a middleware is not a function, or an option is invalid.
 * @example
 * ```ts
 * import { fromExpress } from "@portcullis/adapter-express-bridge";
 * import { definePolicy } from "@portcullis/core";
 * import express, { type RequestHandler } from "express";
 *
 * const app = express();
 * const requireKey: RequestHandler = (request, response, next) => {
 *   if (request.get("x-api-key") === "secret") next();
 *   else response.status(401).json({ message: "An API key is needed." });
 * };
 * const policy = definePolicy({ actions: { "report.create": fromExpress(requireKey, { app }) } });
 * ```
 */
export function fromExpress<S extends Scope = Scope, A extends ExpressApplication | null = ExpressApplication>(
  middlewares: Middlewares<A>,
  options: FromExpressOptions<S, A> = {},
): Rule<S, unknown, HttpEvidence<DeclaredUser<A>>, true> {
  const caller = "fromExpress()";
  const chain: Handler[] = flatten(caller, middlewares);
  const settings = readSettings(caller, options as FromExpressOptions<never, A>, "app");
  checkStops(caller, chain, settings.stopAt);
  const app = readApp(caller, options.app, chain);
  const name = options.name ?? nameOf(caller, chain);
  return ruleOf(caller, name, { ...settings, app }, expressRun(chain, app, settings));
}
