import { type Authenticate, type Decision, type MaybePromise, type Payload, PermissionMisuse } from "@portcullis/core";
import { isHeader, type Phase, type Traces } from "@portcullis/core/internal";
import { assertOption } from "../exchange/assert-option.js";

/** Options that `toExpress` and `toKoa` have in common. `From` is the Express request or the Koa context. */
export interface ToHttpOptions<From, Extra = unknown> {
  /**
   * Identifies the user from the data that earlier middlewares have set. Default: `{ user }`, with `request.user` or
   * `request.auth` (Koa: `ctx.state.user` or `ctx.req.user`). Throws `PermissionDenied` to refuse. A promise inside the
   * returned object is a fault.
   */
  authenticate?: Authenticate<[from: From], Extra>;
  /**
   * Makes the payload that the rules see. Default: query, route params, and the body unless the method is GET or HEAD.
   * A name with different values in two of them is refused (400), and so is a body that is not an object. A body that
   * no parser has read is a fault, so the parser must run before.
   */
  payload?: (from: From) => MaybePromise<Payload>;
  /** Loads the object for object rules. A missing object is a 404. A returned `deny()` or `fault()` is that refusal. */
  object?: (from: From, payload: Payload) => unknown;
  /** True when the connect rule of the policy is evaluated too, as for every client of the socket. Default `true`. */
  connect?: boolean;
  /** Milliseconds for the whole decision, including `authenticate` and the loading of the object. Default 10,000. */
  timeout?: number;
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
  /**
   * Receives every decision, and how it was made. An error that it throws is printed and changes nothing. Without it,
   * the causes of faults from status 500 on are printed, and so are mistakes that a developer must correct.
   */
  onDecision?: (decision: Decision, from: From, made: HttpDecisionDetails) => MaybePromise<void>;
  /** True when the answers of all rules are recorded for `onDecision`. Default `false`. */
  trace?: boolean;
}

/** How a decision was made, for `onDecision`. */
export interface HttpDecisionDetails {
  /** The phase of the decision. `connect` when the request was refused before a rule of the action was evaluated. */
  readonly phase: Phase;
  /** The evaluated rules and their answers, with `trace: true`. */
  readonly trace?: Traces;
}

const KEYS = ["authenticate", "payload", "object", "connect", "timeout", "challenge", "onDecision", "trace"];
const FUNCTIONS = ["authenticate", "payload", "object", "onDecision"] as const;
const SWITCHES = ["connect", "trace"] as const;

/**
 * Checks the options of one route.
 *
 * @throws {PermissionMisuse} When one is unknown, or of the wrong type.
 */
export function checkOptions<From>(caller: string, options: ToHttpOptions<From>): void {
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new PermissionMisuse(`${caller} has no option \`${unknown}\`: the options are ${KEYS.join(", ")}`);
  }
  for (const key of FUNCTIONS) {
    if (options[key] !== undefined)
      assertOption(typeof options[key] === "function", { caller, key, value: options[key] }, "a function");
  }
  for (const key of SWITCHES) {
    if (options[key] !== undefined)
      assertOption(typeof options[key] === "boolean", { caller, key, value: options[key] }, "true or false");
  }
  const { challenge } = options;
  const isChallenge = challenge === undefined || isHeader("www-authenticate", challenge);
  assertOption(
    isChallenge,
    { caller, key: "challenge", value: challenge },
    "a header value, as in 'Bearer realm=\"app\"'",
  );
}
