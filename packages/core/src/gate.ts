import { Admission, type Admitted, type Handshake } from "./admission.js";
import type { Decision } from "./decision.js";
import { PermissionMisuse, show } from "./errors.js";
import { type Limits, readLimits } from "./limits.js";
import { type Origins, readOrigins } from "./origin.js";
import { engineOf, type PolicyEngine, type Timeouts } from "./policy.js";
import { checkKeys, readMilliseconds } from "./rules.js";
import type { Watch } from "./run.js";
import { type Incoming, type Link, Session } from "./session.js";
import { type TraceNode, traceTree } from "./trace.js";
import type { Moment } from "./tree.js";
import type { AskOptions, Consumer, MaybePromise, Scope } from "./types.js";

/** Something a guard decided, as `onDecision` hears it. */
export interface DecisionEvent {
  readonly moment: Moment;
  /** `connect` at connect. */
  readonly action: string;
  readonly decision: Decision;
  readonly scope: Scope;
  readonly consumer: Consumer;
  /** `undefined` at connect. */
  readonly session: Session | undefined;
  /** How long it took, `authenticate` included. */
  readonly milliseconds: number;
  /** With `trace: true`: the rules that were asked, and what they answered. */
  readonly trace?: { readonly permissions?: TraceNode; readonly rule?: TraceNode };
}

/** Options common to all adapters. `Request` is what `authenticate` gets: the handshake of the transport. */
export interface GuardOptions<Request, Extra = unknown> {
  /**
   * Says who is there: returns what is added to the scope (`{ user, ... }`), or nothing for anonymous. May be async.
   * Throws `PermissionDenied` to refuse (401 unless it says otherwise); anything else thrown is a fault (500).
   */
  authenticate?: (request: Request, options: AskOptions) => MaybePromise<Extra>;
  /** The origins to accept; without it the same origin, or a client that sends neither an Origin nor cookies. */
  origins?: Origins;
  /** Milliseconds per question; 5,000 each by default, or what the policy says. */
  timeout?: Timeouts;
  limits?: Limits;
  /** Hears every decision. What it throws is printed and changes nothing. */
  onDecision?: (event: DecisionEvent) => void;
  /** Records what every rule answered, for `onDecision`. */
  trace?: boolean;
}

/** The part of a served consumer that a session needs. */
export interface Served {
  readonly engine: PolicyEngine;
  /** Loads the object, runs the handler and replies. Never rejects. */
  dispatch(
    session: Session,
    message: Incoming,
    decision: Decision,
    watch: Watch,
    link: Link,
  ): PromiseLike<void> | undefined;
}

const OPTIONS = ["authenticate", "origins", "timeout", "limits", "onDecision", "trace"];

/** What stands in front of one server: the policy in force, and the sessions that are open. */
export class Gate<Request> {
  readonly sessions = new Set<Session>();
  readonly limits: Required<Limits>;
  readonly origins: ReadonlySet<string | null> | undefined;
  readonly #options: GuardOptions<Request>;
  readonly #place: string;
  #engine: PolicyEngine;
  #isClosing = false;

  /**
   * @param place What to call the caller in messages, for example `guard()`.
   * @param policy What `definePolicy` returned.
   * @param options Options common to all adapters; an adapter takes out its own before.
   * @param served The consumer, where its handlers answer.
   * @throws {PermissionMisuse} When an option is unknown or of the wrong type.
   */
  constructor(
    place: string,
    policy: unknown,
    options: GuardOptions<Request>,
    readonly served?: Served,
  ) {
    checkKeys(place, options, OPTIONS);
    for (const key of ["authenticate", "onDecision"] as const) {
      if (options[key] !== undefined && typeof options[key] !== "function") {
        throw new PermissionMisuse(`${place} got ${show(options[key])} as \`${key}\`: give a function`);
      }
    }
    checkKeys("`timeout`", options.timeout ?? {}, ["connect", "action", "object"]);
    for (const [key, value] of Object.entries(options.timeout ?? {})) readMilliseconds(value, `\`timeout.${key}\``);
    this.#place = place;
    this.#options = options;
    this.limits = readLimits(options.limits);
    this.origins = readOrigins(options.origins);
    this.#engine = this.#accept(policy);
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

  get timeouts(): Required<Timeouts> {
    const { connect, action, object } = this.#engine.rules.controls;
    return { connect: connect.timeout, action: action.timeout, object: object.timeout, ...this.#options.timeout };
  }

  /** Puts another policy in force. Decisions that are under way finish under the old one. */
  replace(policy: unknown): void {
    this.#engine = this.#accept(policy);
  }

  /** Asks whether a handshake may become a connection. */
  admit(handshake: Handshake<Request>, consumer: Consumer): Admission<Request> {
    return new Admission(this, handshake, consumer);
  }

  /** Opens the session of a handshake that was admitted. */
  open<M extends Incoming>(
    handshake: Handshake<Request>,
    admitted: Admitted,
    consumer: Consumer,
    link: Link<M>,
  ): Session<M> {
    const renew = async () => this.admit(handshake, consumer).result;
    const session = new Session<M>(this as never, link, admitted.scope, consumer, renew);
    this.sessions.add(session as never);
    return session;
  }

  forget(session: Session): void {
    this.sessions.delete(session);
  }

  /**
   * Admits nobody any more, answers what was accepted, then closes every session with 1001.
   *
   * @returns A promise that resolves when all are closed, at the latest after `limits.drain`.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    const closeAll = () => {
      for (const session of [...this.sessions]) session.close(1001, "going away");
    };
    const timer = setTimeout(closeAll, this.limits.drain);
    const drained = [...this.sessions].map(
      (session) =>
        new Promise<void>((resolve) =>
          session.drain(() => {
            session.close(1001, "going away");
            resolve();
          }),
        ),
    );
    await Promise.all(drained);
    clearTimeout(timer);
  }

  /** Whether the answers of an action are kept: for a trace, or for its object. */
  watches(action: string): boolean {
    if (this.#options.trace === true) return true;
    const { stages, objectStages } = this.#engine.rules.entryOf(action);
    return this.served !== undefined && objectStages.length > stages.length;
  }

  /** The time, where somebody wants to know how long things take. */
  now(): number {
    return this.#options.onDecision ? performance.now() : 0;
  }

  /** Tells `onDecision`. */
  report(
    moment: Moment,
    action: string,
    decision: Decision,
    about: { scope: Scope; consumer: Consumer },
    watch: Watch | undefined,
    startedAt: number,
  ): void {
    const { onDecision, trace } = this.#options;
    if (onDecision === undefined) return;
    const { scope, consumer } = about;
    const session = about instanceof Session ? about : undefined;
    const milliseconds = performance.now() - startedAt;
    const traced = trace && watch ? { trace: this.#trace(moment, action, watch) } : undefined;
    try {
      onDecision({ moment, action, decision, scope, consumer, session, milliseconds, ...traced });
    } catch (error) {
      console.error("onDecision has thrown:", error);
    }
  }

  #trace(moment: Moment, action: string, { answers }: Watch): NonNullable<DecisionEvent["trace"]> {
    const { permissions, connect, table } = this.#engine.rules;
    const rule = moment === "connect" ? connect : table?.get(action)?.rule;
    return {
      ...(permissions && { permissions: traceTree(permissions, moment, answers[0]) }),
      ...(rule && { rule: traceTree(rule, moment, answers[1], true) }),
    };
  }

  /** A rule that only knows objects needs somebody who asks about the object. */
  #accept(policy: unknown): PolicyEngine {
    const engine = engineOf(policy, this.#place);
    if (this.served) return engine;
    const { table, other } = engine.rules;
    for (const [name, entry] of table ?? [["*", other] as const]) {
      if (entry.pending && entry.objects === undefined) {
        throw new PermissionMisuse(
          `${this.#place}: the rule of action "${name}" only knows objects, and nobody asks about one: write { rule, objects: "checked-by-handler" } and call session.authorizeObject() in the handler, or serve a consumer whose action names its \`object\``,
        );
      }
    }
    return engine;
  }
}
