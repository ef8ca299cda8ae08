import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { checkKeys, readMilliseconds } from "../decision/read-options.js";
import type { AnswerRecord } from "../engine/record.js";
import type { Timeouts } from "../policy/options.js";
import { engineOf, type PolicyEngine } from "../policy/policy.js";
import { type Traces, traces } from "../policy/trace.js";
import { PHASES, type Phase } from "../rules/tree.js";
import type { Consumer, MaybePromise, RuleOptions, Scope } from "../types.js";
import { Timeout } from "../util/deadline.js";
import { printError } from "../util/print-error.js";
import { show } from "../util/show.js";
import { isThenable } from "../util/thenable.js";
import { throwAsync } from "../util/throw-async.js";
import { FaultLog } from "./fault-log.js";
import { type Handshake, HandshakeEvaluation, type HandshakeResult } from "./handshake/admission.js";
import { type Origins, readOrigins } from "./handshake/allowed-origins.js";
import type { OriginRule } from "./handshake/origin.js";
import { type Limits, readLimits } from "./limits.js";
import type { ClientMessage, Connection } from "./session/connection.js";
import { Session } from "./session/session.js";
import type { Authenticate } from "./types.js";

/** Something a guard decided, as `onDecision` hears it. */
export interface DecisionEvent {
  readonly phase: Phase;
  /** `connect` at connect. */
  readonly action: string;
  readonly decision: Decision;
  readonly scope: Scope;
  readonly consumer: Consumer;
  /** `undefined` before the connection is open. */
  readonly session: Session | undefined;
  /** How long it took, `authenticate` included. */
  readonly milliseconds: number;
  /** With `trace: true`: the rules that were asked, and what they answered. */
  readonly trace?: Traces;
}

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

/** One allowed message on its way to its handler. */
export interface DispatchContext {
  readonly gate: Gate<never>;
  readonly session: Session;
  readonly link: Connection;
  readonly message: ClientMessage;
  /** The scope it was decided with, whatever `refresh()` has changed since. */
  readonly scope: Scope;
  readonly decision: Decision;
  /** There where the rule knows objects or the payload was parsed. */
  readonly watch: AnswerRecord | undefined;
}

/** What `serve()` takes: rules with handlers. `S` is the scope they need. */
export interface ServableConsumer<in S = never> {
  readonly "~types"?: { readonly scope: (scope: S) => void };
  readonly engine: PolicyEngine;
  /** Loads the object, runs the handler and replies. Never throws, never rejects. */
  dispatch(turn: DispatchContext): Promise<void> | undefined;
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

function printThrown(error: unknown): void {
  printError("onDecision has thrown:", error);
}

/** What stands in front of one server: the policy in force, and the sessions that are open. */
export class Gate<Request> {
  readonly sessions = new Set<Session>();
  readonly limits: Required<Limits>;
  readonly origins: OriginRule;
  readonly #options: GuardOptions<Request>;
  readonly #place: string;
  #engine: PolicyEngine;
  #served: ServableConsumer | undefined;
  #timeouts: Required<Timeouts>;
  #isClosing = false;
  readonly #log = new FaultLog();

  /**
   * @param place What to call the caller in messages, for example `guard()`.
   * @param policy What `definePolicy` returned.
   * @param options Options common to all adapters; an adapter takes out its own before.
   * @param served The consumer, where its handlers answer.
   * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
   */
  constructor(place: string, policy: unknown, options: GuardOptions<Request>, served?: ServableConsumer) {
    checkKeys(place, options, COMMON_OPTIONS);
    for (const key of ["authenticate", "onDecision"] as const) {
      if (options[key] !== undefined && typeof options[key] !== "function") {
        throw new PermissionMisuse(`${place} got ${show(options[key])} as \`${key}\`: give a function`);
      }
    }
    checkKeys("`timeout`", options.timeout ?? {}, PHASES);
    for (const [key, value] of Object.entries(options.timeout ?? {})) readMilliseconds(value, `\`timeout.${key}\``);
    this.#place = place;
    this.#options = options;
    this.limits = readLimits(options.limits);
    this.origins = readOrigins(options.origins);
    this.#served = served;
    this.#engine = this.#accept(policy);
    this.#timeouts = this.#readTimeouts();
  }

  /** The consumer, where its handlers answer. */
  get served(): ServableConsumer | undefined {
    return this.#served;
  }

  get engine(): PolicyEngine {
    return this.#engine;
  }

  get authenticate(): GuardOptions<Request>["authenticate"] {
    return this.#options.authenticate;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Milliseconds per question: those of the guard, else those of the policy. */
  get timeouts(): Required<Timeouts> {
    return this.#timeouts;
  }

  /**
   * Puts another policy in force; where a consumer is served, another consumer. What is under way finishes under the
   * old one.
   *
   * @throws {PermissionMisuse} When it is no policy, or no consumer where one is served.
   */
  replace(policy: unknown): void {
    const engine = this.#accept(policy);
    if (this.#served) {
      if (typeof (policy as ServableConsumer).dispatch !== "function") {
        throw new PermissionMisuse(`${this.#place} serves a consumer: replace it by what defineConsumer() returned`);
      }
      this.#served = policy as ServableConsumer;
    }
    this.#engine = engine;
    this.#timeouts = this.#readTimeouts();
  }

  /** Asks whether a handshake may become a connection. */
  admit(handshake: Handshake<Request>, consumer: Consumer): HandshakeEvaluation<Request> {
    return new HandshakeEvaluation(this, handshake, consumer);
  }

  /** Opens the session of a handshake that was admitted. */
  open<M extends ClientMessage>(
    handshake: Handshake<Request>,
    admitted: HandshakeResult,
    consumer: Consumer,
    link: Connection<M>,
  ): Session<M> {
    const renew = (renewed: Session<M>) => new HandshakeEvaluation(this, handshake, consumer, renewed as never);
    const session = new Session<M>(this as never, link, admitted.scope, consumer, renew);
    this.sessions.add(session as never);
    // Admitted just before the gate began to close. Later, so that the adapter has its session.
    if (this.#isClosing) queueMicrotask(() => session.close(1001, "going away"));
    return session;
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }

  /**
   * Admits nobody any more, answers what was accepted, then closes every session with 1001.
   *
   * @returns A promise that resolves when all are gone, at the latest after twice `limits.drain`: once to answer, once to go.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closings = [...this.sessions].map(
      (session) =>
        new Promise<void>((resolve) => {
          const close = () => {
            try {
              session.close(1001, "going away");
            } catch (error) {
              // A listener of the application: the others are closed all the same.
              throwAsync(error);
            }
            const patience = new Timeout(this.limits.drain, resolve);
            session.whenGone(() => {
              patience.cancel();
              resolve();
            });
          };
          session.drain(close, true);
        }),
    );
    await Promise.all(closings);
  }

  /** Whether the answers of an action are kept: for a trace, or for its object. */
  watches(action: string): boolean {
    if (this.#options.trace === true) return true;
    if (this.#served === undefined) return false;
    const { asksObject, isParsed } = this.#engine.rules.entryOf(action);
    return asksObject || isParsed;
  }

  /** Whether somebody hears of decisions. */
  get isHeard(): boolean {
    return this.#options.onDecision !== undefined;
  }

  /** The time, where somebody wants to know how long things take. */
  now(): number {
    return this.#options.onDecision ? performance.now() : 0;
  }

  /** Tells `onDecision`. */
  report(
    phase: Phase,
    action: string,
    decision: Decision,
    about: { scope: Scope; consumer: Consumer },
    watch: AnswerRecord | undefined,
    startedAt: number,
    scope: Scope = about.scope,
  ): void {
    const { onDecision, trace } = this.#options;
    if (onDecision === undefined) {
      // Nobody listens: a fault must not go unseen all the same.
      if (decision.outcome !== "allow") this.#log.tell(decision, action);
      return;
    }
    const { consumer } = about;
    const session = about instanceof Session ? about : undefined;
    const milliseconds = performance.now() - startedAt;
    try {
      const traced = trace && watch ? { trace: traces(this.#engine.rules, phase, action, watch.answers) } : undefined;
      const later: unknown = onDecision({
        phase,
        action,
        decision,
        scope,
        consumer,
        session,
        milliseconds,
        ...traced,
      });
      if (isThenable(later)) later.then(undefined, printThrown);
    } catch (error) {
      printThrown(error);
    }
  }

  #readTimeouts(): Required<Timeouts> {
    const { connect, action, object } = this.#engine.rules.controls;
    return { connect: connect.timeout, action: action.timeout, object: object.timeout, ...this.#options.timeout };
  }

  /** A rule that only knows objects needs somebody who asks about the object; one that hands on a payload, a handler. */
  #accept(policy: unknown): PolicyEngine {
    const engine = engineOf(policy, this.#place);
    if (this.#served) return engine;
    const { table, other } = engine.rules;
    for (const [name, entry] of table ?? [["*", other] as const]) {
      if (entry.handsOn) {
        throw new PermissionMisuse(
          `${this.#place}: a rule of action "${name}" hands on a payload, and listeners get messages as they came: serve a consumer, or leave out \`handOn\``,
        );
      }
      if (entry.pending && entry.objects === undefined) {
        throw new PermissionMisuse(
          `${this.#place}: the rule of action "${name}" only knows objects, and nobody asks about one: write { rule, objects: "checked-by-handler" } and call session.authorizeObject() in the handler, or serve a consumer whose action names its \`object\``,
        );
      }
    }
    return engine;
  }
}
