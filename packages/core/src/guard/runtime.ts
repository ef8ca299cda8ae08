import type { Timeouts } from "../policy/options.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { ContinuityHook } from "./continuity-hook.js";
import { DecisionLog } from "./decision-log.js";
import type { ServableConsumer } from "./dispatch.js";
import type { OpenSession } from "./guard-session.js";
import { type Origins, readOrigins } from "./handshake/allowed-origins.js";
import type { EvaluationCause } from "./handshake/evaluation-cause.js";
import type { HandshakeAttempt } from "./handshake/handshake-result.js";
import type { OriginRule } from "./handshake/origin.js";
import { type Limits, readLimits } from "./limits.js";
import type { GuardOptions } from "./options.js";
import type { Connection } from "./session/connection.js";

/** Evaluates the handshake of an open session again. */
export type Renew = (connection: Connection<never>, cause: EvaluationCause) => HandshakeAttempt;

/** The state of one guard that its handshakes and sessions read: the current rules, the limits, the open sessions. */
export class GuardRuntime<Request = never> {
  readonly sessions = new Set<OpenSession>();
  readonly limits: Required<Limits>;
  readonly renew: Renew;
  /** The options in force, with `origins` as a rule. */
  options: GuardOptions<Request>;
  origins: OriginRule;
  log: DecisionLog;
  engine: PolicyEngine;
  /** The consumer of `serve()`. */
  served: ServableConsumer | undefined;
  /** Milliseconds per phase, from the guard, otherwise from the policy. */
  timeouts: Required<Timeouts>;
  /** True when no handshake is admitted any more. */
  isClosing = false;
  /** Keeps the authorization of open connections true; `undefined` without the option `continuity`. */
  readonly continuity: ContinuityHook | undefined;

  constructor(
    engine: PolicyEngine,
    served: ServableConsumer | undefined,
    options: GuardOptions<Request>,
    renew: Renew,
  ) {
    this.limits = readLimits(options.limits);
    this.origins = readOrigins(options.origins as Origins | undefined);
    this.renew = renew;
    this.options = { ...options, origins: this.origins };
    this.log = new DecisionLog(engine.rules, options);
    this.engine = engine;
    this.served = served;
    this.timeouts = timeoutsOf(engine, options);
    this.continuity = options.continuity?.["~attach"](this as never);
  }

  /**
   * Replaces the rules and the options.
   *
   * @throws {PermissionMisuse} When the origins are wrong. Nothing has changed then.
   */
  replace(engine: PolicyEngine, served: ServableConsumer | undefined, options: GuardOptions<Request>): void {
    this.origins = readOrigins(options.origins as Origins | undefined);
    this.options = { ...options, origins: this.origins };
    // A log of its own: a decision that is running is reported to the old one, with the old rules.
    this.log = new DecisionLog(engine.rules, options);
    this.engine = engine;
    this.served = served;
    this.timeouts = timeoutsOf(engine, options);
  }

  /** True when the answers of an action are recorded, for a trace or for its object. */
  keepsAnswers(action: string): boolean {
    if (this.log.isTracing) return true;
    if (this.served === undefined) return false;
    const { asksObject, isParsed } = this.engine.rules.entryOf(action);
    return asksObject || isParsed;
  }
}

function timeoutsOf(engine: PolicyEngine, { timeout }: Pick<GuardOptions<never>, "timeout">): Required<Timeouts> {
  const { connect, action, object } = engine.rules.controls;
  return { connect: connect.timeout, action: action.timeout, object: object.timeout, ...timeout };
}
