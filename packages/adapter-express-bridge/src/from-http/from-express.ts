import type { Rule, Scope } from "@portcullis/core";
import type { HttpEvidence } from "../exchange/read-outcome.js";
import { type ExpressApplication, expressRun, readApp } from "../runners/express.js";
import { checkStops } from "../runners/express-routes.js";
import type { Handler } from "../runners/handler.js";
import { ruleOf } from "./http-rule.js";
import { flatten, type Middlewares, nameOf } from "./middlewares.js";
import { type HttpRuleOptions, readSettings } from "./options.js";

/** What {@link fromExpress} takes beside the middlewares. */
export interface FromExpressOptions<S = Scope, A = ExpressApplication | null> extends HttpRuleOptions<S> {
  /**
   * The Express application (4 or 5) whose settings count: trusted proxies, query parser, locals. `null` for plain
   * connect-style middlewares, which use nothing of Express. May be left out where an application is among them.
   */
  app?: A;
}

/**
 * Makes a permission of Express middlewares, unchanged: asked at connect with a request made of the handshake, and at
 * every action with one made of handshake and payload. Allows where a request would have reached the route's handler,
 * and nowhere else.
 *
 * @param middlewares A middleware, a router, an application, or a list of them. Those that belong together, such as a
 *   session and what reads it, stand in one list.
 * @param options `app`, `name`, `methods`, `url`, `params`, `query`, `body`, `headers`, `user`, `timeout`
 *   (milliseconds), `unmatched`, `stopAt`, `handOn`, `maxBody` (bytes), `onError`.
 * @returns A permission; where it allows, `user`, `auth`, `session`, `locals` and `params` are in the evidence, and
 *   `body` where they have changed it.
 * @throws {PermissionMisuse} When there is no middleware, one is no function, or an option is wrong.
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
): Rule<S, unknown, HttpEvidence, true> {
  const caller = "fromExpress()";
  const chain: Handler[] = flatten(caller, middlewares);
  const settings = readSettings(caller, options as FromExpressOptions<never, A>, ["app"]);
  checkStops(caller, chain, settings.stopAt);
  const app = readApp(caller, options.app, chain);
  return ruleOf(caller, options.name ?? nameOf(caller, chain), settings, expressRun(chain, app, settings));
}
