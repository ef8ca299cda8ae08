import { type Consumer, type Payload, PermissionMisuse, type Scope } from "@portcullis/core";
import { checkKeys, printError, readMilliseconds, show } from "@portcullis/core/adapter";
import { type MethodMap, type MethodOf, readMethods } from "./methods.js";
import type { AnyMiddleware } from "./middlewares.js";
import { readUrl, type UrlOf } from "./url.js";

/** What a request is derived from. */
export interface HttpContext<S = Scope> {
  readonly phase: "connect" | "action";
  readonly scope: S;
  readonly consumer: Consumer;
  /** `connect` at connect. */
  readonly action: string;
  /** At connect: the message of the handshake. */
  readonly payload: Payload;
}

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
export interface RuleSettings extends Pick<HttpRuleOptions<never>, "params" | "query" | "body" | "headers"> {
  readonly methodOf: MethodOf;
  /** The same where no policy names the actions. */
  readonly unlistedMethodOf: MethodOf;
  readonly urlOf: UrlOf | undefined;
  readonly usesScope: boolean;
  readonly timeout: number;
  readonly deniesUnmatched: boolean;
  /** `undefined` where nothing was said. */
  readonly stopAt: ReadonlySet<unknown> | undefined;
  readonly handOn: "body" | false | undefined;
  readonly maxBody: number;
  readonly onError: (error: unknown) => void;
}

const FUNCTIONS = ["params", "query", "body", "headers", "onError"] as const;
const KEYS = ["name", "methods", "url", "user", "timeout", "unmatched", "stopAt", "handOn", "maxBody", ...FUNCTIONS];

/**
 * Checks the options of a rule.
 *
 * @param place What to call the caller in messages, for example `fromExpress()`.
 * @param more Names of further options, which the caller reads itself.
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
 */
export function readSettings(place: string, options: HttpRuleOptions<never>, more: readonly string[]): RuleSettings {
  checkKeys(place, options, [...KEYS, ...more]);
  const { user = false, timeout = 5000, unmatched = "deny", maxBody = 65_536, onError = printLate } = options;
  for (const key of FUNCTIONS) {
    if (options[key] !== undefined) mustBe(typeof options[key] === "function", place, key, options[key], "a function");
  }
  const { name } = options;
  mustBe(name === undefined || (typeof name === "string" && name !== ""), place, "name", name, "a short text");
  mustBe(user === false || user === "scope", place, "user", user, '"scope" or false');
  mustBe(unmatched === "deny" || unmatched === "allow", place, "unmatched", unmatched, '"deny" or "allow"');
  const { handOn } = options;
  mustBe(handOn === undefined || handOn === false || handOn === "body", place, "handOn", handOn, '"body" or false');
  mustBe(Number.isInteger(maxBody) && maxBody > 0, place, "maxBody", maxBody, "a number of bytes");
  readMilliseconds(timeout, "`timeout`");
  const { params, query, body, headers } = options;
  return {
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
    ...(headers && { headers }),
    methodOf: readMethods(place, options.methods),
    unlistedMethodOf: readMethods(place, options.methods, {}),
    urlOf: readUrl(place, options.url),
    usesScope: user === "scope",
    timeout,
    deniesUnmatched: unmatched === "deny",
    stopAt: readStops(place, options.stopAt),
    handOn,
    maxBody,
    onError,
  };
}

/** Functions of four parameters take errors: who comes to one is not allowed. */
function readStops(place: string, stopAt: readonly AnyMiddleware[] | undefined): ReadonlySet<unknown> | undefined {
  if (stopAt === undefined) return undefined;
  const isFitting = Array.isArray(stopAt) && stopAt.every((one) => typeof one === "function" && one.length < 4);
  mustBe(isFitting, place, "stopAt", stopAt, "a list of the functions that are not to be run, as in [deleteRoom]");
  return new Set(stopAt);
}

/** @throws {PermissionMisuse} Where an option is not what it must be. */
export function mustBe(isSo: boolean, place: string, key: string, value: unknown, what: string): void {
  if (!isSo) throw new PermissionMisuse(`${place} got ${show(value)} as \`${key}\`: give ${what}`);
}

function printLate(error: unknown): void {
  printError("a middleware has thrown after its answer was used:", error);
}
