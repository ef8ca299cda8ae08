import type { Authenticate, Decision, MaybePromise, Payload } from "@portcullis/core";
import { checkKeys, isHeader, misuse, type Phase, type Traces } from "@portcullis/core/internal";

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
  onDecision?: (decision: Decision, from: From, details: HttpDecisionDetails) => MaybePromise<void>;
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
  checkKeys(caller, options, KEYS);
  for (const key of FUNCTIONS) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== "function")
      throw misuse(caller, value, "give a function", `\`${key}\``);
  }
  for (const key of SWITCHES) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== "boolean")
      throw misuse(caller, value, "give true or false", `\`${key}\``);
  }
  const { challenge } = options;
  if (challenge !== undefined && !isHeader("www-authenticate", challenge)) {
    throw misuse(caller, challenge, "give a header value, as in 'Bearer realm=\"app\"'", "`challenge`");
  }
}
