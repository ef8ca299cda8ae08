import type { Decision } from "../decision/decision-types.js";
import type { Timeouts } from "../policy/options.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { Scope } from "../types.js";
import { DecisionLog } from "./decision-log.js";
import type { ServableConsumer } from "./dispatch.js";
import type { OpenSession } from "./guard-session.js";
import { type Origins, readOrigins } from "./handshake/allowed-origins.js";
import type { OriginRule } from "./handshake/origin.js";
import { type Limits, readLimits } from "./limits.js";
import type { GuardOptions } from "./options.js";
import type { Connection } from "./session/connection.js";

/** The result of a handshake evaluation. */
export interface HandshakeResult {
  readonly decision: Decision;
  readonly scope: Scope;
}

/** Evaluates the handshake of an open session again. */
export type Renew = (
  connection: Connection<never>,
  session: OpenSession,
) => { readonly result: HandshakeResult | Promise<HandshakeResult>; abort(): void };

/** The state of one guard that its handshakes and sessions read: the current rules, the limits, the open sessions. */
export class GuardRuntime<Request = never> {
  readonly sessions = new Set<OpenSession>();
  readonly limits: Required<Limits>;
  readonly origins: OriginRule;
  readonly authenticate: GuardOptions<Request>["authenticate"];
  readonly log: DecisionLog;
  readonly renew: Renew;
  engine: PolicyEngine;
  /** The consumer of `serve()`. */
  served: ServableConsumer | undefined;
  /** Milliseconds per phase, from the guard, otherwise from the policy. */
  timeouts: Required<Timeouts>;
  /** True when no handshake is admitted any more. */
  isClosing = false;
  readonly #timeout: Timeouts | undefined;

  constructor(
    engine: PolicyEngine,
    served: ServableConsumer | undefined,
    options: GuardOptions<Request>,
    renew: Renew,
  ) {
    this.limits = readLimits(options.limits);
    this.origins = readOrigins(options.origins as Origins | undefined);
    this.authenticate = options.authenticate;
    this.log = new DecisionLog(engine.rules, options);
    this.renew = renew;
    this.#timeout = options.timeout;
    this.engine = engine;
    this.served = served;
    this.timeouts = this.#timeoutsOf(engine);
  }

  /** Replaces the rules. */
  replace(engine: PolicyEngine, served: ServableConsumer | undefined): void {
    this.engine = engine;
    this.served = served;
    this.log.rules = engine.rules;
    this.timeouts = this.#timeoutsOf(engine);
  }

  /** True when the answers of an action are recorded, for a trace or for its object. */
  keepsAnswers(action: string): boolean {
    if (this.log.isTracing) return true;
    if (this.served === undefined) return false;
    const { asksObject, isParsed } = this.engine.rules.entryOf(action);
    return asksObject || isParsed;
  }

  #timeoutsOf(engine: PolicyEngine): Required<Timeouts> {
    const { connect, action, object } = engine.rules.controls;
    return { connect: connect.timeout, action: action.timeout, object: object.timeout, ...this.#timeout };
  }
}
