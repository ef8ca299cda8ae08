import type { Decision } from "../../decision/decision.js";
import { ABORTED, type AnswerRecord, CancellationScope, createAnswerRecord } from "../../engine/evaluation.js";
import type { Consumer, Payload, Scope } from "../../types.js";
import { throwAsync } from "../../util/throw-async.js";
import type { Gate, ServableConsumer } from "../gate.js";
import type { HandshakeEvaluation } from "../handshake/admission.js";
import { closeCodeOf, TOO_MANY_PENDING } from "../refusal.js";
import { ConcurrentHandlers } from "./concurrent-handlers.js";
import type { ClientMessage, Connection } from "./connection.js";
import { Drain } from "./drain.js";
import { ViolationCounter } from "./flood.js";
import { MessageQueue } from "./message-queue.js";

/** A message is on its way to its listeners. */
const FLUSHING = Symbol("flushing");

/** What the next message must wait for. */
type Until = Promise<unknown> | typeof FLUSHING;

/** Asks again who is there. */
type Renew<M extends ClientMessage> = (session: Session<M>) => Pick<HandshakeEvaluation<never>, "result" | "abort">;

/** One guarded connection: its scope, its ordered queue, and what ends with it. */
export class Session<M extends ClientMessage = ClientMessage> {
  scope: Scope;
  readonly consumer: Consumer;
  readonly #gate: Gate<never>;
  readonly #link: Connection<M>;
  readonly #renew: Renew<M>;
  #cancellation: CancellationScope | undefined;
  #controller: AbortController | undefined;
  #queue: MessageQueue<M> | undefined;
  /** Counts undecodable messages. */
  #flood: ViolationCounter | undefined;
  #refreshes = 0;
  /** Of how many messages the object is being loaded or asked about. */
  #loading = 0;
  /** The handlers that run beside the queue. */
  #beside: ConcurrentHandlers | undefined;
  /** Whether half of what may wait does. */
  #isCrowded = false;
  #isBusy = false;
  /** Whether nothing more is decided until the client has read what it was answered. */
  #isBlocked = false;
  /** Whether nothing but that keeps the session busy. */
  #isParked = false;
  /** Whether it is a handler that keeps the session busy, and no decision. */
  #isHandling = false;
  /** True while the last message is on its way to its listeners. */
  #isFlushing = false;
  #isEnded = false;
  #drains: Set<Drain> | undefined;

  constructor(gate: Gate<never>, link: Connection<M>, scope: Scope, consumer: Consumer, renew: Renew<M>) {
    this.#gate = gate;
    this.#link = link;
    this.scope = scope;
    this.consumer = consumer;
    this.#renew = renew;
  }

  get id(): string {
    return this.consumer.id;
  }

  /** Whether nothing of this connection reaches a handler any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Aborted when the connection has ended. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isEnded) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Milliseconds for the question of an action. */
  get timeout(): number {
    return this.#gate.timeouts.action;
  }

  get cancellation(): CancellationScope {
    this.#cancellation ??= new CancellationScope();
    if (this.#isEnded) this.#cancellation.isCancelled = true;
    return this.#cancellation;
  }

  /** Takes a message from the transport. Decided and handed on in the order of arrival. */
  receive(message: M): void {
    if (this.#isEnded || this.#drains) return;
    if (message.refusal?.code === "bad_message") {
      this.#flood ??= new ViolationCounter();
      if (this.#flood.add(this.#gate.limits)) {
        this.close(1008, "too many undecodable messages");
        return;
      }
    }
    if (this.#isBusy) {
      this.#enqueue(message);
      return;
    }
    // INVARIANT: busy from the first question on: whoever closes in the middle of it waits until this one is answered.
    this.#isBusy = true;
    let until: Until | undefined;
    try {
      until = this.#process(message);
    } finally {
      if (until === undefined) this.#goOn();
    }
    if (until === undefined) return;
    this.#link.pause();
    this.#hold(until);
  }

  /** Asks the policy, for checks inside a handler. Never throws, never rejects. */
  authorize(action: string, payload: Payload = {}): Decision | Promise<Decision> {
    return this.#gate.engine.decide(this.scope, this.consumer, action, payload, this, undefined);
  }

  /** Asks the policy about an object, for checks inside a handler. Never throws, never rejects. */
  authorizeObject(action: string, object: unknown, payload: Payload = {}): Decision | Promise<Decision> {
    const { scope } = this;
    const gate = this.#gate;
    const watch = createAnswerRecord();
    const startedAt = gate.now();
    const control = { timeout: gate.timeouts.object, cancellation: this.cancellation };
    const report = (made: Decision) => {
      gate.report("object", action, made, this as never, watch, startedAt, scope);
      return made;
    };
    const made = gate.engine.decideObject(scope, this.consumer, action, payload, object, control, watch);
    return made instanceof Promise ? made.then(report) : report(made);
  }

  /**
   * Runs `authenticate` and the connect question again. The next message sees the new scope; whoever is refused is
   * disconnected. Of several at once the one begun last counts.
   *
   * @returns The connect decision.
   */
  async refresh(): Promise<Decision> {
    if (this.#isEnded) return ABORTED;
    this.#refreshes += 1;
    const turn = this.#refreshes;
    const admission = this.#renew(this);
    this.cancellation.add(admission);
    const { decision, scope } = await admission.result;
    this.cancellation.remove(admission);
    if (decision.outcome !== "allow") this.close(closeCodeOf(decision), decision.code);
    else if (turn === this.#refreshes) this.scope = scope;
    return decision;
  }

  /** Ends the connection. Nothing that is still waiting reaches a handler or is answered. */
  close(code = 1000, reason = ""): void {
    if (this.#isEnded) return;
    this.end();
    this.#link.close(code, reason);
  }

  /** Calls back once its connection is gone too. */
  whenGone(callback: () => void): void {
    if (this.#link.whenGone) this.#link.whenGone(callback);
    else callback();
  }

  /**
   * Takes no more messages; calls back once all that were taken are decided and handed on, at the latest after
   * `limits.drain`.
   *
   * @param withHandlers Whether to wait for served handlers to end too.
   */
  drain(whenDrained: () => void, withHandlers = false): void {
    this.#drains ??= new Set();
    new Drain(this.#drains, this.#gate.limits.drain, withHandlers, whenDrained);
    this.#drained();
  }

  /** The client does not read what it is answered: until `unblock` its messages wait. What runs goes on, and answers. */
  block(): void {
    this.#isBlocked = true;
    if (this.#isBusy || this.#isEnded) return;
    this.#isBusy = this.#isParked = true;
    this.#link.pause();
  }

  unblock(): void {
    this.#isBlocked = false;
    this.#admitBeside();
    if (!this.#isParked) return;
    this.#isParked = false;
    this.#release();
  }

  /** The handler of a message waits for its object: until `endObject` it is not handed on. */
  beginObject(): void {
    this.#loading += 1;
  }

  endObject(): void {
    this.#loading -= 1;
    this.#drained();
  }

  /** The connection is gone, or must be taken for gone. To say so again changes nothing. */
  end(): void {
    this.#isEnded = true;
    this.#queue = undefined;
    this.#noteCrowd(false);
    this.#beside?.settle(false);
    this.#gate.forget(this as never);
    this.#cancellation?.cancel("the connection is closed");
    this.#controller?.abort();
    this.#drained();
  }

  /** Decides a message and hands it on or refuses it. Returns what the next message must wait for. */
  #process(message: M): Until | undefined {
    const { refusal, action, payload } = message;
    if (refusal) {
      this.#refuse(message, refusal);
      return undefined;
    }
    const gate = this.#gate;
    const { scope } = this;
    const { engine, served } = gate;
    if (served && this.#beside && this.#beside.running >= gate.limits.concurrent) {
      if (served.engine.rules.entryOf(action).concurrent) return this.#waitBeside(message, this.#beside);
    }
    const watch = gate.watches(action) ? createAnswerRecord() : undefined;
    const startedAt = gate.now();
    const decision = engine.decide(scope, this.consumer, action, payload, this, watch);
    return decision instanceof Promise
      ? decision.then((later) => this.#conclude(message, later, watch, startedAt, scope, served))
      : this.#conclude(message, decision, watch, startedAt, scope, served);
  }

  #conclude(
    message: M,
    decision: Decision,
    watch: AnswerRecord | undefined,
    startedAt: number,
    scope: Scope,
    served: ServableConsumer | undefined,
  ): Until | undefined {
    const gate = this.#gate;
    gate.report("action", message.action, decision, this as never, watch, startedAt, scope);
    if (this.#isEnded) return undefined;
    if (decision.outcome !== "allow") this.#link.sendRefusal(message, decision);
    else if (served) {
      const turn = { gate, session: this as never, link: this.#link as never, message, scope, decision, watch };
      const handling = served.dispatch(turn);
      if (!handling) return undefined;
      if (!served.engine.rules.entryOf(message.action).concurrent) {
        this.#isHandling = true;
        this.#drained();
        return handling;
      }
      this.#beside ??= new ConcurrentHandlers();
      this.#beside.run(handling, () => {
        this.#admitBeside();
        this.#drained();
      });
    } else {
      this.#link.deliver(message);
      if (this.#link.flush) return FLUSHING;
    }
    return undefined;
  }

  /** As many handlers run beside the queue as may. INVARIANT: a message is decided when it may run, and not before. */
  #waitBeside(message: M, beside: ConcurrentHandlers): Until {
    return beside.whenFree(this.timeout).then((isFree) => {
      if (this.#isEnded) return undefined;
      return isFree ? this.#process(message) : this.#refuse(message, TOO_MANY_PENDING);
    });
  }

  #admitBeside(): void {
    if (!this.#isBlocked) this.#beside?.settle(true);
  }

  /** Holds the next messages back until a decision or a handler is through. */
  #hold(until: Until): void {
    if (until === FLUSHING) {
      this.#isFlushing = true;
      (this.#link as { flush(whenFlushed: () => void): void }).flush(() => {
        this.#isFlushing = false;
        this.#release();
      });
      return;
    }
    until.then(
      (next) => (next === FLUSHING ? this.#hold(FLUSHING) : this.#release()),
      (error: unknown) => {
        throwAsync(error);
        this.#release();
      },
    );
    this.#countQueued();
  }

  /** A message is through at once: so is the session, unless others came in the middle of it. */
  #goOn(): void {
    if (this.#isBlocked || this.#hasQueued) {
      this.#link.pause();
      this.#release();
    } else {
      this.#isBusy = false;
      if (this.#drains) this.#drained();
    }
  }

  /** INVARIANT: busy until the queue is empty, so that what arrives meanwhile does not overtake it. */
  #release(): void {
    this.#isHandling = false;
    while (!this.#isBlocked) {
      const message = this.#queue?.take();
      if (message === undefined) break;
      if (this.#isCrowded) this.#noteCrowd(this.#queue?.isHalfFull === true);
      try {
        const until = this.#process(message);
        if (until) {
          this.#hold(until);
          return;
        }
      } catch (error) {
        throwAsync(error);
      }
    }
    this.#isParked = this.#isBlocked && !this.#isEnded;
    this.#isBusy = this.#isParked;
    if (this.#isEnded) return;
    if (this.#isParked) this.#countQueued();
    else {
      this.#queue?.settle();
      this.#link.resume();
    }
    this.#drained();
  }

  #drained(): void {
    for (const drain of this.#drains ?? []) if (this.#isEnded || this.#isThrough(drain)) drain.expire();
  }

  #isThrough({ withHandlers }: Drain): boolean {
    const isQuiet = !this.#isBusy || (this.#isParked && !this.#hasQueued);
    if (withHandlers) return isQuiet && !this.#beside?.running;
    return this.#loading === 0 && (isQuiet || this.#hasHandedOn);
  }

  /** Whether only a handler is still at work. */
  get #hasHandedOn(): boolean {
    return this.#isHandling && !this.#hasQueued;
  }

  get #hasQueued(): boolean {
    return this.#queue?.isEmpty === false;
  }

  #refuse(message: M, refusal: Decision): void {
    const gate = this.#gate;
    gate.report("action", message.action, refusal, this as never, undefined, gate.now());
    if (!this.#isEnded) this.#link.sendRefusal(message, refusal);
  }

  #enqueue(message: M): void {
    this.#queue ??= new MessageQueue(this.#gate.limits);
    if (this.#isFlushing) {
      this.#queue.append(message);
      return;
    }
    const lack = this.#queue.add(message);
    // Whoever is honest may come back (RFC 6455, section 7.4.1): 1013 says later.
    if (lack === "flood") this.close(1013, "too many messages");
    else if (lack) this.#refuse(message, lack);
    else if (!this.#isCrowded) this.#noteCrowd(this.#queue.isHalfFull);
  }

  /** Counts the messages that waited for a flush alone: now they wait for longer, so the limits hold for them. */
  #countQueued(): void {
    if (!this.#queue?.hasUncounted) return;
    for (const message of this.#queue.takeUncounted()) {
      if (this.#isEnded) return;
      this.#enqueue(message);
    }
  }

  /** Tells the transport where it has changed. */
  #noteCrowd(isCrowded: boolean): void {
    if (this.#isCrowded === isCrowded) return;
    this.#isCrowded = isCrowded;
    this.#link.crowd?.(isCrowded);
  }
}
