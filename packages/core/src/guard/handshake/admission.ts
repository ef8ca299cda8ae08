import { decision, decisionIn, withParts } from "../../decision/decision.js";
import { decisionFromError } from "../../decision/decision-from-error.js";
import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { CancellationScope } from "../../engine/cancellation.js";
import { refuses } from "../../engine/combine.js";
import { createAnswerRecord } from "../../engine/record.js";
import { RuleContext } from "../../rules/rule-context.js";
import type { Consumer, Payload, Scope } from "../../types.js";
import { type Context, contextOfNow } from "../../util/async-context.js";
import { cancelTimeout, isOverdue, type TimeoutNode, timeoutListOf } from "../../util/deadline.js";
import { show } from "../../util/show.js";
import { ignoreRejection, isThenable } from "../../util/thenable.js";
import type { Gate } from "../gate.js";
import { GOING_AWAY } from "../refusal.js";
import type { Session } from "../session/session.js";
import { notAuthenticated } from "./authentication-error.js";
import { judgeOrigin } from "./origin.js";

/** A handshake, as an adapter hands it to the gate. */
export interface Handshake<Request> {
  /** What `authenticate` gets. */
  readonly request: Request;
  /** Makes the scope of the handshake, with what `authenticate` returned added to it. */
  scope(extra: Readonly<Record<string, unknown>>): Scope;
  /** What is wrong with the handshake itself: it is refused before anybody is asked. */
  readonly refusal?: Decision | undefined;
  /** What the client sent to be judged with the handshake, where the transport has such a thing. */
  readonly message?: Payload;
}

/** The answer to a handshake. */
export interface HandshakeResult {
  readonly decision: Decision;
  readonly scope: Scope;
}

const TIMED_OUT = decision("error", "permission_timeout", { by: "connect" });
const ABORTED = decision("error", "aborted", { status: 499, by: "connect" });
const ANONYMOUS = Object.freeze({ user: null });

/** One handshake on its way: origin, then `authenticate`, then the connect question, all inside one deadline. */
export class HandshakeEvaluation<Request> implements TimeoutNode {
  previous: TimeoutNode | undefined;
  next: TimeoutNode | undefined;
  due = 0;
  /** The answer; a promise of it where something must be waited for. Never rejects. */
  readonly result: HandshakeResult | Promise<HandshakeResult>;
  readonly #gate: Gate<Request>;
  readonly #handshake: Handshake<Request>;
  readonly #consumer: Consumer;
  readonly #renewed: Session | undefined;
  readonly #startedAt: number;
  readonly #watch = createAnswerRecord();
  readonly #cancellation = new CancellationScope();
  readonly #question: RuleContext;
  #scope: Scope;
  #admitted: HandshakeResult | undefined;
  #resolve: ((admitted: HandshakeResult) => void) | undefined;
  /** Where `onDecision` is told of an end that comes from elsewhere. */
  #context: Context | undefined;

  /** @param renewed The session that asks again; without it a connection is to be opened. */
  constructor(gate: Gate<Request>, handshake: Handshake<Request>, consumer: Consumer, renewed?: Session) {
    this.#renewed = renewed;
    this.#gate = gate;
    this.#handshake = handshake;
    this.#consumer = consumer;
    this.#startedAt = gate.now();
    this.#scope = handshake.scope(ANONYMOUS);
    this.#question = new RuleContext(this.#scope, consumer, "connect", handshake.message ?? {});
    const decision = this.#begin();
    if (decision instanceof Promise) {
      this.result = new Promise((resolve) => {
        this.#resolve = resolve;
        if (gate.isHeard) this.#context = contextOfNow();
        timeoutListOf(gate.timeouts.connect).add(this);
        decision.then((made) => (isOverdue(this) ? this.expire() : this.#settle(made)));
      });
    } else this.result = this.#settle(decision);
  }

  /** The client has gone away: whatever is under way is of no use. */
  abort(): void {
    if (this.#admitted === undefined) this.#end(ABORTED);
  }

  /** The deadline has passed. */
  expire(): void {
    this.#end(TIMED_OUT);
  }

  #end(made: Decision): void {
    if (this.#context) this.#context(() => this.#settle(made));
    else this.#settle(made);
    this.#cancellation.cancel(made.reason);
    this.#question.abort(made.reason);
  }

  #settle(made: Decision): HandshakeResult {
    if (this.#admitted !== undefined) return this.#admitted;
    const decision = this.#isTooLate && made.outcome === "allow" ? GOING_AWAY : made;
    this.#admitted = { decision, scope: this.#scope };
    cancelTimeout(this);
    this.#gate.report(
      "connect",
      "connect",
      decision,
      this.#renewed ?? { scope: this.#scope, consumer: this.#consumer },
      this.#watch,
      this.#startedAt,
      this.#scope,
    );
    this.#resolve?.(this.#admitted);
    return this.#admitted;
  }

  /** A gate that closes admits nobody; what it has accepted may still renew itself. */
  get #isTooLate(): boolean {
    return this.#gate.isClosing && this.#renewed === undefined;
  }

  #begin(): Decision | Promise<Decision> {
    if (this.#isTooLate) return GOING_AWAY;
    const refused = this.#handshake.refusal ?? judgeOrigin(this.#gate.origins, this.#scope);
    if (refused) return refused;
    const { authenticate } = this.#gate;
    if (authenticate === undefined) return this.#ask(ANONYMOUS);
    try {
      const extra: unknown = authenticate(this.#handshake.request, this.#question);
      if (!isThenable(extra)) return this.#ask(extra);
      return Promise.resolve(extra).then((later) => this.#ask(later), notAuthenticated);
    } catch (error) {
      return notAuthenticated(error);
    }
  }

  #ask(extra: unknown): Decision | Promise<Decision> {
    if (isOverdue(this)) this.expire();
    const refusal = refusalIn(extra);
    if (refusal) return refusal;
    let scope: Scope;
    try {
      // Also where it comes too late: what it left behind may reject.
      scope = this.#handshake.scope(readExtra(extra));
    } catch (error) {
      return decisionFromError(error, "authenticate");
    }
    if (this.#admitted !== undefined) return this.#admitted.decision;
    this.#scope = scope;
    const { engine, timeouts } = this.#gate;
    const caller = { scope, consumer: this.#consumer, timeout: timeouts.connect, cancellation: this.#cancellation };
    return engine.evaluateConnect(caller, this.#handshake.message ?? {}, this.#watch);
  }
}

/** The refusal that `authenticate` returned in place of throwing one, if it did. Never throws. */
export function refusalIn(extra: unknown): Decision | undefined {
  const said = decisionIn(extra);
  return said && refuses(said) ? withParts(said, { by: "authenticate" }) : undefined;
}

/**
 * Reads what `authenticate` returned, and did not refuse with. Nothing stands for anonymous.
 *
 * @throws {PermissionMisuse} When it is no object, or a decision, or has a promise that nobody waited for.
 */
export function readExtra(extra: unknown): Readonly<Record<string, unknown>> {
  if (extra === undefined) return ANONYMOUS;
  if (typeof extra !== "object" || Array.isArray(extra)) {
    throw new PermissionMisuse(
      `authenticate() returned ${show(extra)}: return an object for the scope, as in { user }, or nothing`,
    );
  }
  if (decisionIn(extra)) {
    throw new PermissionMisuse("authenticate() returned a decision that allows: return who is there, as in { user }");
  }
  const read: Record<string, unknown> = { ...ANONYMOUS, ...extra };
  const [promised] = Object.keys(read).filter((key) => ignoreRejection(read[key]));
  if (promised === undefined) return read;
  throw new PermissionMisuse(`authenticate() returned a promise as \`${promised}\`: await it`);
}
