import type { Scope } from "@portcullis/core";
import { checkKeys, ErrorPrinter, misuse, readMilliseconds } from "@portcullis/core/internal";
import type { ExchangeLimits } from "../exchange/exchange.js";
import type { DerivationSettings, HttpContext, MethodOf } from "../exchange/http-context.js";
import type { RunnerSettings } from "../runners/runner.js";
import { type MethodMap, readMethods } from "./methods.js";
import type { AnyMiddleware } from "./middlewares.js";
import { readUrl } from "./url.js";

/** Options that Express and Koa rules have in common. `S` is the scope type of their functions. */
export interface HttpRuleOptions<S = Scope> {
  /** The name in decisions and logs. Default: made of the names of the middlewares. */
  name?: string;
  /** HTTP methods by action name. Actions in no map are POST, and so are actions that the policy does not name. */
  methods?: MethodMap;
  /** The URL: a template filled from the params, or a function. Default: path and query of the handshake. */
  url?: string | ((context: HttpContext<S>) => string);
  /** `request.params`, and the parts of a URL template. Default: the strings, numbers and booleans of the payload. */
  params?: (context: HttpContext<S>) => Readonly<Record<string, unknown>>;
  /** The query. Default: the query of the URL, to which a GET or HEAD adds the payload unless `url` is a function. */
  query?: (context: HttpContext<S>) => Readonly<Record<string, unknown>>;
  /** The body, as JSON. Default: the payload. */
  body?: (context: HttpContext<S>) => unknown;
  /**
   * Headers added to those of the handshake, for example an `Authorization` that a browser had to send in another way.
   * The function gets the scope and nothing of the message.
   */
  headers?: (scope: S) => Readonly<Record<string, string | undefined>>;
  /**
   * `"scope"`: `request.user` and `request.session` are those of the scope, found at connect. Plain objects and lists
   * are copied for every message, to any depth, so a change made during one message is not visible to the next. An
   * instance of a class is passed as it is, and shared by all messages. Default `false`: the middlewares identify the
   * user again, so a logout or an expiry takes effect at the next message.
   */
  user?: "scope" | false;
  /**
   * Milliseconds until the middlewares must have answered. Default 4,500, which is below the 5,000 of a policy: a rule
   * that ends first reports the cause.
   */
  timeout?: number;
  /**
   * The result of a router that asks nobody: none of its routes matches, or none of its functions runs. Default
   * `"deny"`.
   */
  unmatched?: "deny" | "allow";
  /**
   * Functions of the chain that are not run, because they perform the action of the route. A request that reaches one
   * is allowed. Required if a router or an application with routes is among the middlewares. An empty list declares
   * that its routes hold only guards.
   */
  stopAt?: readonly AnyMiddleware[];
  /**
   * `"body"`: the body as the middlewares left it becomes the payload of the handler that `serve` calls, and of the
   * loader of its object. Rules beside this one still get the payload that the client sent. The body is JSON, and has
   * the shape of `body` if that option is given. Without this option the handler gets the original payload, a changed
   * body is in the evidence, and a warning is printed once. `false` omits the warning. Not for `guard`, whose listeners
   * get raw messages.
   */
  handOn?: "body" | false;
  /** The largest body, in bytes of JSON. Default 65,536. */
  maxBody?: number;
  /** Receives errors that a middleware throws after its answer was used. Default: they are printed. */
  onError?: (error: unknown) => void;
}

/** The checked options of a rule, with their defaults. */
export interface RuleSettings extends DerivationSettings, RunnerSettings, ExchangeLimits {
  /** The method of an action that no policy names. */
  readonly unlistedMethodOf: MethodOf;
  readonly handOn: "body" | false | undefined;
}

const FUNCTIONS = ["params", "query", "body", "headers", "onError"] as const;
const KEYS = ["name", "methods", "url", "user", "timeout", "unmatched", "stopAt", "handOn", "maxBody", ...FUNCTIONS];

/**
 * Checks the options of a rule.
 *
 * @param caller The name of the caller in messages, for example `fromExpress()`.
 * @param more Names of further options, which the caller reads itself.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 */
export function readSettings(
  caller: string,
  options: HttpRuleOptions<never>,
  ...more: readonly string[]
): RuleSettings {
  checkKeys(caller, options, [...KEYS, ...more]);
  const { user = false, timeout = 4500, unmatched = "deny", maxBody = 65_536, onError = printLate(), handOn } = options;
  checkValues(caller, { ...options, user, unmatched, maxBody });
  readMilliseconds(timeout, "`timeout`");
  const { params, query, body, headers } = options;
  return {
    caller,
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
    ...(headers && { headers }),
    methodOf: readMethods(caller, options.methods),
    unlistedMethodOf: readMethods(caller, options.methods, {}),
    urlOf: readUrl(caller, options.url),
    usesScope: user === "scope",
    timeout,
    deniesUnmatched: unmatched === "deny",
    stopAt: readStops(caller, options.stopAt),
    handOn,
    maxBody,
    onError,
  };
}

/** @throws {PermissionMisuse} When the value of an option is invalid. */
function checkValues(caller: string, options: HttpRuleOptions<never>): void {
  const check = (key: keyof HttpRuleOptions, isValid: boolean, expected: string) => {
    if (!isValid) throw misuse(caller, options[key], `give ${expected}`, `\`${key}\``);
  };
  const { name, user, unmatched, handOn, maxBody } = options;
  for (const key of FUNCTIONS)
    check(key, options[key] === undefined || typeof options[key] === "function", "a function");
  check("name", name === undefined || (typeof name === "string" && name !== ""), "a short text");
  check("user", user === false || user === "scope", '"scope" or false');
  check("unmatched", unmatched === "deny" || unmatched === "allow", '"deny" or "allow"');
  check("handOn", handOn === undefined || handOn === false || handOn === "body", '"body" or false');
  check("maxBody", Number.isInteger(maxBody) && (maxBody as number) > 0, "a number of bytes");
}

/**
 * Reads the option `stopAt`. Functions of four parameters handle errors. A request that reaches one is not allowed, so
 * they are rejected.
 */
function readStops(caller: string, stopAt: readonly AnyMiddleware[] | undefined): ReadonlySet<unknown> | undefined {
  if (stopAt === undefined) return undefined;
  const isFitting = Array.isArray(stopAt) && stopAt.every((one) => typeof one === "function" && one.length < 4);
  if (!isFitting) {
    throw misuse(caller, stopAt, "give a list of the functions that are not to be run, as in [deleteRoom]", "`stopAt`");
  }
  return new Set(stopAt);
}

function printLate(): (error: unknown) => void {
  const printer = new ErrorPrinter();
  return (error) => printer.print("a middleware has thrown after its answer was used", error);
}
