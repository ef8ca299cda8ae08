import { createDecision } from "../../decision/decision.js";
import { decisionFromError } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { CancellationScope } from "../../engine/cancellation.js";
import { createAnswerRecord } from "../../engine/record.js";
import { RuleContext } from "../../rules/rule-context.js";
import type { Consumer, Scope } from "../../types.js";
import { type Context, contextOfNow } from "../../util/async-context.js";
import { cancelTimeout, isOverdue, type TimeoutNode, timeoutListOf } from "../../util/deadline.js";
import { isThenable } from "../../util/thenable.js";
import type { ContinuityHook } from "../continuity-hook.js";
import type { DecisionLog } from "../decision-log.js";
import type { OpenSession } from "../guard-session.js";
import { BAD_TARGET, GOING_AWAY } from "../refusal.js";
import type { GuardRuntime } from "../runtime.js";
import type { ClientMessage, Connection } from "../session/connection.js";
import { ConnectionConsumer } from "../session/connection-consumer.js";
import { Session } from "../session/session.js";
import type { WatchedAuthentication } from "../watched-authentication.js";
import { notAuthenticated } from "./authentication-error.js";
import type { EvaluationCause } from "./evaluation-cause.js";
import { ScopeFacts } from "./handshake-facts.js";
import type { HandshakeResult } from "./handshake-result.js";
import { HandshakeScope } from "./handshake-scope.js";
import { judgeOrigin } from "./origin.js";
import { ANONYMOUS, readExtra, refusalIn } from "./read-extra.js";

const NOT_OPENABLE =
  'open() was called twice, or for a handshake that was not allowed: await `result`, and call open() once when its outcome is "allow"';

const CONNECT_TIMED_OUT = createDecision("error", "permission_timeout", { by: "connect" });
const CONNECT_ABORTED = createDecision("error", "aborted", { status: 499, by: "connect" });

/** The evaluation of one handshake: origin, then `authenticate`, then the connect rules, all inside one deadline. */
export class HandshakeEvaluation<M extends ClientMessage, Request> implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  /** The server end of the connection, as rules see it. */
  readonly consumer: Consumer;
  /** The result, or a promise of it. Never rejects. */
  readonly result: HandshakeResult | Promise<HandshakeResult>;
  readonly #runtime: GuardRuntime<Request>;
  readonly #connection: Connection<M, Request>;
  readonly #cause: EvaluationCause;
  readonly #watched: WatchedAuthentication | undefined;
  readonly #startedAt = performance.now();
  readonly #answers = createAnswerRecord();
  readonly #cancellation = new CancellationScope();
  readonly #context: RuleContext;
  readonly #bareScope: Scope;
  #scope: Scope;
  /** The log of the rules that decide. */
  #log: DecisionLog;
  #settled: HandshakeResult | undefined;
  #isOpened = false;
  #resolve: ((result: HandshakeResult) => void) | undefined;
  /** The async context for `onDecision` when the evaluation is ended from outside. */
  #asyncContext: Context | undefined;

  constructor(runtime: GuardRuntime<Request>, connection: Connection<M, Request>, cause: EvaluationCause) {
    const { refusal, session } = cause;
    this.#runtime = runtime;
    this.#connection = connection;
    this.#cause = cause;
    this.#watched = cause.watched ?? runtime.continuity?.watch();
    this.consumer = session?.consumer ?? new ConnectionConsumer(connection, this);
    this.#log = runtime.log;
    this.#scope = this.#bareScope = scopeOf(connection, ANONYMOUS);
    this.#context = new RuleContext(this.#scope, this.consumer, "connect", connection.message ?? {});
    const decision = refusal ?? this.#begin();
    // A rule may have closed the connection, and returned a promise.
    if (decision instanceof Promise && this.#settled === undefined) {
      this.result = new Promise((resolve) => {
        this.#resolve = resolve;
        if (runtime.log.isObserved) this.#asyncContext = contextOfNow();
        timeoutListOf(Math.min(runtime.timeouts.connect, handshakeLimitOf(runtime, session))).add(this);
        decision.then((later) => (isOverdue(this) ? this.expire() : this.#settle(later)));
      });
    } else this.result = this.#settled ?? this.#settle(decision as Decision);
  }

  /**
   * Opens the session of an admitted connection, once.
   *
   * @throws {PermissionMisuse} When the handshake was not allowed, or its session is already open.
   */
  open(): Session<M> {
    if (this.#settled?.decision.outcome !== "allow" || this.#isOpened || this.#cause.session) {
      throw new PermissionMisuse(NOT_OPENABLE);
    }
    this.#isOpened = true;
    const consumer = this.consumer as ConnectionConsumer;
    const runtime = this.#runtime as GuardRuntime<never>;
    const [connection, watched] = [this.#connection, this.#watched];
    const { scope } = this.#settled;
    const session = watched
      ? ((runtime.continuity as ContinuityHook).open({
          connection: connection as never,
          scope,
          consumer,
          watched,
        }) as Session<M>)
      : new Session<M>(runtime, connection, scope, consumer);
    // A listener of `onDecision` may have closed it already.
    if (!session.isEnded) runtime.sessions.add(session);
    // The handshake was admitted just before the guard began to close. Deferred, so that the adapter gets its session
    // first.
    if (runtime.isClosing) queueMicrotask(() => session.close(1001, "going away"));
    return session;
  }

  /** Ends the evaluation of a client that has gone away. One that was allowed is not opened any more. */
  abort(): void {
    if (this.#settled === undefined) this.#end(CONNECT_ABORTED);
    else this.#withdraw(CONNECT_ABORTED);
  }

  /** Closes a connection that is not open, because a rule or `authenticate` has closed the consumer. */
  close(): void {
    this.abort();
    this.#connection.abort();
  }

  /**
   * Refuses a handshake that the adapter cannot carry out. The refusal is reported, even if the handshake was allowed
   * before.
   *
   * @returns The refusal.
   */
  reject(refusal: Decision): Decision {
    if (this.#settled === undefined) this.#end(refusal);
    else {
      this.#withdraw(refusal);
      this.#report(refusal);
    }
    return refusal;
  }

  /** Takes an admission back, before its session is open. */
  #withdraw(refusal: Decision): void {
    this.#settled = { decision: refusal, scope: this.#scope };
    this.#watched?.end();
  }

  /** Ends the evaluation at its deadline. A handshake that lasts too long closes the connection too. */
  expire(): void {
    if (handshakeLimitOf(this.#runtime, this.#cause.session) < this.#runtime.timeouts.connect) this.close();
    else this.#end(CONNECT_TIMED_OUT);
  }

  #end(decision: Decision): void {
    if (this.#asyncContext) this.#asyncContext(() => this.#settle(decision));
    else this.#settle(decision);
    this.#cancellation.cancel(decision.reason);
    this.#context.abort(decision.reason);
  }

  #settle(decision: Decision): HandshakeResult {
    if (this.#settled !== undefined) return this.#settled;
    const settled = this.#isGuardClosing && decision.outcome === "allow" ? GOING_AWAY : decision;
    this.#settled = { decision: settled, scope: this.#scope };
    cancelTimeout(this);
    if (settled.outcome !== "allow") this.#watched?.end();
    this.#report(settled);
    // The application may have closed the connection where it heard of the decision.
    this.#resolve?.(this.#settled);
    return this.#settled;
  }

  #report(decision: Decision): void {
    this.#log.report({
      phase: this.#cause.phase ?? "connect",
      action: "connect",
      decision: decision,
      scope: this.#scope,
      consumer: this.consumer,
      session: this.#cause.session,
      answers: this.#answers,
      startedAt: this.#startedAt,
    });
  }

  /** True when the guard is closing. An open session may still be renewed. */
  get #isGuardClosing(): boolean {
    return this.#runtime.isClosing && this.#cause.session === undefined;
  }

  #begin(): Decision | Promise<Decision> {
    if (this.#isGuardClosing) return GOING_AWAY;
    const { refusal, path } = this.#connection;
    const refused = refusal ?? (path === undefined ? BAD_TARGET : judgeOrigin(this.#runtime.origins, this.#scope));
    if (refused) return refused;
    return this.#watched ? this.#watched.run(() => this.#authenticate()) : this.#authenticate();
  }

  #authenticate(): Decision | Promise<Decision> {
    if (this.#settled !== undefined) return this.#settled.decision;
    const { authenticate } = this.#runtime.options;
    if (authenticate === undefined) return this.#ask(ANONYMOUS);
    const { client, request } = this.#connection;
    try {
      const facts = new ScopeFacts(this.#bareScope, this.#context, this.#cause);
      const extra: unknown = authenticate((client ?? request) as Request, facts);
      if (!isThenable(extra)) return this.#ask(extra);
      return Promise.resolve(extra).then((later) => this.#ask(later), notAuthenticated);
    } catch (error) {
      return notAuthenticated(error);
    }
  }

  #ask(extra: unknown): Decision | Promise<Decision> {
    if (isOverdue(this)) this.expire();
    this.#runtime.log.notice(extra);
    const refusal = refusalIn(extra);
    if (refusal) return refusal;
    let scope: Scope;
    try {
      // Read even after the deadline, because a promise among its values may reject.
      scope = scopeOf(this.#connection, readExtra(extra));
    } catch (error) {
      return decisionFromError(error, "authenticate");
    }
    if (this.#settled !== undefined) return this.#settled.decision;
    this.#scope = scope;
    const invalid = this.#watched?.identify(scope);
    if (invalid) return invalid;
    const { engine, timeouts, log } = this.#runtime;
    // The policy may have been replaced during `authenticate`.
    this.#log = log;
    const caller = { scope, consumer: this.consumer, timeout: timeouts.connect, cancellation: this.#cancellation };
    return engine.evaluateConnect(caller, this.#connection.message ?? {}, this.#answers);
  }
}

function scopeOf(connection: Connection<never>, extra: Readonly<Record<string, unknown>>): Scope {
  return connection.createScope ? connection.createScope(extra) : new HandshakeScope(connection, extra);
}

/** Returns the milliseconds that a handshake may take. The renewal of an open session is no handshake. */
function handshakeLimitOf({ limits }: Pick<GuardRuntime<never>, "limits">, session: OpenSession | undefined): number {
  return session ? Number.POSITIVE_INFINITY : limits.handshake;
}
