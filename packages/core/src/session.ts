import type { Admission } from "./admission.js";
import { deadlinesOf, type Expiring, endWait } from "./deadline.js";
import type { Decision } from "./decision.js";
import { Flood } from "./flood.js";
import type { Gate, Served } from "./gate.js";
import type { Incoming, Link } from "./link.js";
import { closeCodeOf, PAYLOAD_TOO_LARGE, TOO_MANY_PENDING } from "./refusal.js";
import { ABORTED, Lifeline, type Watch, watching } from "./run.js";
import { surface } from "./surface.js";
import type { Consumer, Payload, Scope } from "./types.js";

/** A message is on its way to its listeners. */
const FLUSHING = Symbol("flushing");

/** What the next message must wait for. */
type Until = Promise<unknown> | typeof FLUSHING;

/** Asks again who is there. */
type Renew<M extends Incoming> = (session: Session<M>) => Pick<Admission<never>, "result" | "abort">;

/** Somebody who waits until a session is through with what it has taken. */
interface Drain extends Expiring {
  /** Whether it waits for handlers to end, and not only to begin. */
  readonly withHandlers: boolean;
}

/** One guarded connection: its scope, its ordered queue, and what ends with it. */
export class Session<M extends Incoming = Incoming> {
  scope: Scope;
  readonly consumer: Consumer;
  readonly #gate: Gate<never>;
  readonly #link: Link<M>;
  readonly #renew: Renew<M>;
  #lifeline: Lifeline | undefined;
  #controller: AbortController | undefined;
  #queue: M[] | undefined;
  #queuedBytes = 0;
  /** Messages and bytes refused for want of room since the queue was last empty. */
  #excess = 0;
  #excessBytes = 0;
  /** Counts undecodable messages. */
  #flood: Flood | undefined;
  #refreshes = 0;
  /** Of how many messages the object is being loaded or asked about. */
  #loading = 0;
  /** How many handlers run beside the queue. */
  #concurrent = 0;
  #isBusy = false;
  /** Whether it is a handler that keeps the session busy, and no decision. */
  #isHandling = false;
  #isEnded = false;
  #drains: Set<Drain> | undefined;

  constructor(gate: Gate<never>, link: Link<M>, scope: Scope, consumer: Consumer, renew: Renew<M>) {
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

  get lifeline(): Lifeline {
    this.#lifeline ??= new Lifeline();
    if (this.#isEnded) this.#lifeline.isCut = true;
    return this.#lifeline;
  }

  /** Takes a message from the transport. Decided and handed on in the order of arrival. */
  receive(message: M): void {
    if (this.#isEnded || this.#drains) return;
    if (message.refusal?.code === "bad_message") {
      this.#flood ??= new Flood();
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
    const watch = watching();
    const startedAt = gate.now();
    const control = { timeout: gate.timeouts.object, lifeline: this.lifeline };
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
    this.lifeline.add(admission);
    const { decision, scope } = await admission.result;
    this.lifeline.remove(admission);
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
    const drain: Drain = {
      previous: undefined,
      next: undefined,
      due: 0,
      withHandlers,
      expire: () => {
        drains.delete(drain);
        whenDrained();
      },
    };
    this.#drains ??= new Set();
    const drains = this.#drains;
    drains.add(drain);
    deadlinesOf(this.#gate.limits.drain).add(drain);
    this.#drained();
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
    this.#queuedBytes = 0;
    this.#gate.forget(this as never);
    this.#lifeline?.cut("the connection is closed");
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
    const watch = gate.watches(action) ? watching() : undefined;
    const startedAt = gate.now();
    const decision = engine.decide(scope, this.consumer, action, payload, this, watch);
    return decision instanceof Promise
      ? decision.then((later) => this.#conclude(message, later, watch, startedAt, scope, served))
      : this.#conclude(message, decision, watch, startedAt, scope, served);
  }

  #conclude(
    message: M,
    decision: Decision,
    watch: Watch | undefined,
    startedAt: number,
    scope: Scope,
    served: Served | undefined,
  ): Until | undefined {
    const gate = this.#gate;
    gate.report("action", message.action, decision, this as never, watch, startedAt, scope);
    if (this.#isEnded) return undefined;
    if (decision.outcome !== "allow") this.#link.refuse(message, decision);
    else if (served) {
      const turn = { gate, session: this as never, link: this.#link as never, message, scope, decision, watch };
      const handling = served.dispatch(turn);
      if (!handling) return undefined;
      if (!served.engine.rules.entryOf(message.action).concurrent) {
        this.#isHandling = true;
        this.#drained();
        return handling;
      }
      this.#concurrent += 1;
      void handling.then(() => {
        this.#concurrent -= 1;
        this.#drained();
      });
    } else {
      this.#link.deliver(message);
      if (this.#link.flush) return FLUSHING;
    }
    return undefined;
  }

  /** Holds the next messages back until a decision or a handler is through. */
  #hold(until: Until): void {
    if (until === FLUSHING) {
      (this.#link as Required<Link<M>>).flush(() => this.#release());
      return;
    }
    until.then(
      (next) => (next === FLUSHING ? this.#hold(FLUSHING) : this.#release()),
      (error: unknown) => {
        surface(error);
        this.#release();
      },
    );
  }

  /** A message is through at once: so is the session, unless others came in the middle of it. */
  #goOn(): void {
    if (this.#queue !== undefined && this.#queue.length > 0) {
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
    for (let message = this.#queue?.shift(); message !== undefined; message = this.#queue?.shift()) {
      this.#queuedBytes -= message.bytes;
      try {
        const until = this.#process(message);
        if (until) {
          this.#hold(until);
          return;
        }
      } catch (error) {
        surface(error);
      }
    }
    this.#isBusy = false;
    if (this.#isEnded) return;
    this.#excess = this.#excessBytes = 0;
    this.#link.resume();
    this.#drained();
  }

  #drained(): void {
    for (const drain of this.#drains ?? []) {
      const isIdle = !this.#isBusy && this.#concurrent === 0;
      const isThrough = drain.withHandlers ? isIdle : this.#loading === 0 && (!this.#isBusy || this.#hasHandedOn);
      if (!isThrough && !this.#isEnded) continue;
      endWait(drain);
      drain.expire();
    }
  }

  /** Whether only a handler is still at work. */
  get #hasHandedOn(): boolean {
    return this.#isHandling && !this.#queue?.length;
  }

  #refuse(message: M, refusal: Decision): void {
    const gate = this.#gate;
    gate.report("action", message.action, refusal, this as never, undefined, gate.now());
    if (!this.#isEnded) this.#link.refuse(message, refusal);
  }

  #enqueue(message: M): void {
    const { pendingMessages, pendingBytes } = this.#gate.limits;
    this.#queue ??= [];
    if (this.#queue.length < pendingMessages && this.#queuedBytes + message.bytes <= pendingBytes) {
      this.#queue.push(message);
      this.#queuedBytes += message.bytes;
      return;
    }
    this.#excess += 1;
    this.#excessBytes += message.bytes;
    const messages = this.#queue.length + this.#excess;
    const bytes = this.#queuedBytes + this.#excessBytes;
    if (messages >= 2 * pendingMessages || bytes >= 2 * pendingBytes) this.close(1008, "too many messages");
    else this.#refuse(message, message.bytes > pendingBytes ? PAYLOAD_TOO_LARGE : TOO_MANY_PENDING);
  }
}
