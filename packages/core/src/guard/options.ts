import { PermissionMisuse } from "../decision/errors.js";
import { checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { Timeouts } from "../policy/options.js";
import { PHASES } from "../rules/tree.js";
import type { MaybePromise, RuleOptions } from "../types.js";
import { show } from "../util/show.js";
import type { DecisionEvent } from "./decision-log.js";
import type { Origins } from "./handshake/allowed-origins.js";
import type { Limits } from "./limits.js";
import type { Authenticate } from "./types.js";

/** Options common to all adapters. `Request` is what `authenticate` gets: the handshake of the transport. */
export interface GuardOptions<Request, Extra = unknown> {
  /**
   * Says who is there: returns what is added to the scope (`{ user, ... }`), or nothing for anonymous. May be async; a
   * promise in what it returns is a fault. Throws `PermissionDenied` to refuse (401 unless it says otherwise), an error of
   * http-errors with 401 or 403, or what jsonwebtoken or jose says of a token (401); anything else thrown is a fault (500).
   */
  authenticate?: Authenticate<[request: Request, options: RuleOptions], Extra>;
  /**
   * The origins to accept: a list of texts and regular expressions, a function, or `"*"`; without it the same origin, or
   * a client that sends neither an Origin nor cookies. `null` stands for clients that send no Origin: those that are no browsers, and browsers that poll their own origin without
   * `Sec-Fetch-Site`, as old ones do, and all over plain HTTP unless it is to the same machine.
   */
  origins?: Origins;
  /** Milliseconds per question; 5,000 each by default, or what the policy says. */
  timeout?: Timeouts;
  limits?: Limits;
  /**
   * Hears every decision about a connection, a message or an object, and what a handler has thrown. What it throws is
   * printed and changes nothing. Without it, the causes of faults from 500 on are printed, one of each rule in a minute,
   * and late answers, and what a developer has to write otherwise; of a token that is refused, one line in a minute.
   */
  onDecision?: (event: DecisionEvent) => MaybePromise<void>;
  /** Records what every rule answered, for `onDecision`. */
  trace?: boolean;
}

/** The names of the options common to all adapters. */
export const COMMON_OPTIONS: readonly string[] = [
  "authenticate",
  "origins",
  "timeout",
  "limits",
  "onDecision",
  "trace",
];

/**
 * Checks the options that no other reader checks.
 *
 * @param caller The function whose options these are, for messages: `guard()`.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function checkOptions(caller: string, options: GuardOptions<never>): void {
  for (const key of ["authenticate", "onDecision"] as const) {
    if (options[key] !== undefined && typeof options[key] !== "function") {
      throw new PermissionMisuse(`${caller} got ${show(options[key])} as \`${key}\`: give a function`);
    }
  }
  checkKeys("`timeout`", options.timeout ?? {}, PHASES);
  for (const [key, value] of Object.entries(options.timeout ?? {})) readMilliseconds(value, `\`timeout.${key}\``);
}
