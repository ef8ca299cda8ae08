import type { Scope } from "@portcullis/core";
import { checkKeys, printError, readMilliseconds } from "@portcullis/core/internal";
import { assertOption } from "../exchange/assert-option.js";
import type { DerivationSettings, HttpContext, MethodOf } from "../exchange/http-context.js";
import type { RunLimits, RunnerSettings } from "../runners/runner.js";
import { type MethodMap, readMethods } from "./methods.js";
import type { AnyMiddleware } from "./middlewares.js";
import { readUrl } from "./url.js";

/** Options that Express and Koa rules have in common. `S` is the scope that the functions among them read. */
export interface HttpRuleOptions<S = Scope> {
  /** The name in decisions and logs. Default: made of the names of the middlewares. */
  name?: string;
  /** HTTP methods by name of the action. What is in no map is POST, and so is what the policy does not name. */
  methods?: MethodMap;
  /** The url: a template filled from the params, or a function. Default: path and query of the handshake. */
  url?: string | ((context: HttpContext<S>) => string);
  /** `request.params`, and what a url template is filled from. Default: the strings, numbers and booleans of the payload. */
  params?: (context: HttpContext<S>) => Readonly<Record<string, unknown>>;
  /** The query of the url. Default: that of the url. */
  query?: (context: HttpContext<S>) => Readonly<Record<string, unknown>>;
  /** The body, as JSON. Default: the payload. */
  body?: (context: HttpContext<S>) => unknown;
  /**
   * Headers beside those of the handshake, for example an `Authorization` that a browser had to send otherwise. It sees
   * the scope and nothing of the message.
   */
  headers?: (scope: S) => Readonly<Record<string, string | undefined>>;
  /**
   * `"scope"`: `request.user` and `request.session` are those of the scope, found at connect. Plain objects and lists are
   * copied for every message, to any depth, so that what one message writes on them is not there for the next one; an
   * instance of a class is handed as it is, and is one for all messages. Default `false`: the middlewares find out again,
   * so that a logout or an expiry counts at the next message.
   */
  user?: "scope" | false;
  /** Milliseconds until the middlewares must have answered. Default 5,000. */
  timeout?: number;
  /** What a router means in which no route matches. Default `"deny"`. */
  unmatched?: "deny" | "allow";
  /**
   * The functions of the chain that are not to be run, because they do what the route is for: who comes to one is
   * allowed. Needed where a router or an application with routes is among the middlewares; an empty list says that its
   * routes hold guards alone.
   */
  stopAt?: readonly AnyMiddleware[];
  /**
   * `"body"`: what the middlewares have made of the body is the payload of the handler that `serve` calls, and of the
   * loader of its object; rules beside this one are asked about what the client sent. It is JSON, and of the shape of
   * `body` where that is given. Without it the handler gets the message as it came, and a body that was changed is in the
   * evidence, and printed once; `false` says that this is meant. Not for `guard`, whose listeners get raw messages.
   */
  handOn?: "body" | false;
  /** The largest body, in bytes of JSON. Default 65,536. */
  maxBody?: number;
  /** Hears what a middleware throws after its answer was used. Default: it is printed. */
  onError?: (error: unknown) => void;
}

/** The same options, checked, with their defaults. */
export interface RuleSettings extends DerivationSettings, RunnerSettings, RunLimits {
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
export function readSettings(caller: string, options: HttpRuleOptions<never>, more: readonly string[]): RuleSettings {
  checkKeys(caller, options, [...KEYS, ...more]);
  const { user = false, timeout = 5000, unmatched = "deny", maxBody = 65_536, onError = printLate, handOn } = options;
  checkValues(caller, { ...options, user, unmatched, maxBody });
  readMilliseconds(timeout, "`timeout`");
  const { params, query, body, headers } = options;
  return {
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

/** @throws {PermissionMisuse} When a value is not one of its option. */
function checkValues(caller: string, options: HttpRuleOptions<never>): void {
  const check = (key: keyof HttpRuleOptions, isValid: boolean, expected: string) =>
    assertOption(isValid, { caller, key, value: options[key] }, expected);
  const { name, user, unmatched, handOn, maxBody } = options;
  for (const key of FUNCTIONS)
    check(key, options[key] === undefined || typeof options[key] === "function", "a function");
  check("name", name === undefined || (typeof name === "string" && name !== ""), "a short text");
  check("user", user === false || user === "scope", '"scope" or false');
  check("unmatched", unmatched === "deny" || unmatched === "allow", '"deny" or "allow"');
  check("handOn", handOn === undefined || handOn === false || handOn === "body", '"body" or false');
  check("maxBody", Number.isInteger(maxBody) && (maxBody as number) > 0, "a number of bytes");
}

/** Functions of four parameters take errors: who comes to one is not allowed. */
function readStops(caller: string, stopAt: readonly AnyMiddleware[] | undefined): ReadonlySet<unknown> | undefined {
  if (stopAt === undefined) return undefined;
  const isFitting = Array.isArray(stopAt) && stopAt.every((one) => typeof one === "function" && one.length < 4);
  assertOption(
    isFitting,
    { caller, key: "stopAt", value: stopAt },
    "a list of the functions that are not to be run, as in [deleteRoom]",
  );
  return new Set(stopAt);
}

function printLate(error: unknown): void {
  printError("a middleware has thrown after its answer was used:", error);
}
