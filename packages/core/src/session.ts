import type { Decision } from "./decision.js";
import type { Gate } from "./gate.js";
import { closeCodeOf, PAYLOAD_TOO_LARGE, TOO_MANY_PENDING } from "./refusal.js";
import { Lifeline, type Watch, watching } from "./run.js";
import type { Consumer, Payload, Scope } from "./types.js";

/** One message of a client, as an adapter hands it to its session. An adapter may add fields of its own. */
export interface Incoming {
  readonly action: string;
  readonly payload: Payload;
  /** Size on the wire. */
  readonly bytes: number;
  /** What the codec already knows is wrong; then no rule is asked. */
  readonly refusal?: Decision | undefined;
}

/** What a served handler may say about a reply. */
export interface ReplyOptions {
  /** Default 200. */
  status?: number;
  /** Default: the action that was asked for. */
  action?: string;
}

/** What an adapter fills for one connection. `pause` and `resume` may come more than once in a row. */
export interface Link<M extends Incoming = Incoming> {
  /** Hands an allowed message to the application's own listeners. */
  deliver(message: M): void;
  /** Answers a refused message, once. */
  refuse(message: M, decision: Decision): void;
  /** Sends what a served handler answered. */
  reply(message: M, data: unknown, options: ReplyOptions): void;
  /** Holds input back where the transport can. */
  pause(): void;
  resume(): void;
  /** Begins an orderly close, and makes sure that it ends. */
  close(code: number, reason: string): void;
}

/** One guarded connection: its scope, its ordered queue, and what ends with it. */
export class Session<M extends Incoming = Incoming> {
  scope: Scope;
  readonly consumer: Consumer;
  readonly #gate: Gate<never>;
  readonly #link: Link<M>;
  readonly #renew: () => Promise<{ decision: Decision; scope: Scope }>;
  #lifeline: Lifeline | undefined;
  #controller: AbortController | undefined;
  #queue: M[] | undefined;
  #queuedBytes = 0;
  /** Messages and bytes refused for want of room since the queue was last empty. */
  #excess = 0;
  #excessBytes = 0;
  #badCount = 0;
  #badSince = 0;
  #isBusy = false;
  #isEnded = false;
  #whenDrained: (() => void) | undefined;

  constructor(
    gate: Gate<never>,
    link: Link<M>,
    scope: Scope,
    consumer: Consumer,
    renew: () => Promise<{ decision: Decision; scope: Scope }>,
  ) {
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
    if (this.#isEnded || this.#whenDrained) return;
    if (message.refusal?.code === "bad_message" && this.#isFlooding()) {
      this.close(1008, "too many undecodable messages");
      return;
    }
    if (this.#isBusy) this.#enqueue(message);
    else this.#process(message);
  }

  /** Asks the policy, for checks inside a handler. Never throws, never rejects. */
  authorize(action: string, payload: Payload = {}): Decision | Promise<Decision> {
    return this.#gate.engine.decide(this.scope, this.consumer, action, payload, this, undefined);
  }

  /** Asks the policy about an object. Never throws, never rejects. */
  authorizeObject(action: string, object: unknown, payload: Payload = {}, watch?: Watch): Decision | Promise<Decision> {
    const control = { timeout: this.#gate.timeouts.object, lifeline: this.lifeline };
    const { engine } = this.#gate;
    return engine.decideObject(this.scope, this.consumer, action, payload, object, control, watch ?? watching());
  }

  /**
   * Runs `authenticate` and the connect question again. The next message sees the new scope; whoever is refused is
   * disconnected.
   *
   * @returns The connect decision.
   */
  async refresh(): Promise<Decision> {
    const { decision, scope } = await this.#renew();
    if (this.#isEnded) return decision;
    if (decision.outcome === "allow") this.scope = scope;
    else this.close(closeCodeOf(decision), decision.code);
    return decision;
  }

  /** Ends the connection. Nothing that is still waiting reaches a handler or is answered. */
  close(code = 1000, reason = ""): void {
    if (this.#isEnded) return;
    this.end();
    this.#link.close(code, reason);
  }

  /** Takes no more messages; calls back once all that were taken are decided, handed on and answered. */
  drain(whenDrained: () => void): void {
    if (this.#isEnded || !this.#isBusy) whenDrained();
    else {
      const before = this.#whenDrained;
      this.#whenDrained = () => {
        before?.();
        whenDrained();
      };
    }
  }

  /** The connection is gone, or must be taken for gone. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#queue = undefined;
    this.#queuedBytes = 0;
    this.#gate.forget(this as never);
    this.#lifeline?.cut("the connection is closed");
    this.#controller?.abort();
    this.#drained();
  }

  #process(message: M): void {
    const { refusal, action, payload } = message;
    if (refusal) {
      this.#link.refuse(message, refusal);
      return;
    }
    const gate = this.#gate;
    const watch = gate.watches(action) ? watching() : undefined;
    const startedAt = gate.now();
    const decision = gate.engine.decide(this.scope, this.consumer, action, payload, this, watch);
    if (decision instanceof Promise) {
      this.#hold(decision.then((later) => this.#conclude(message, later, watch, startedAt)));
    } else {
      const handling = this.#conclude(message, decision, watch, startedAt);
      if (handling) this.#hold(handling);
    }
  }

  /** Hands on or refuses. Returns what the next message must wait for. */
  #conclude(
    message: M,
    decision: Decision,
    watch: Watch | undefined,
    startedAt: number,
  ): PromiseLike<void> | undefined {
    const gate = this.#gate;
    gate.report("action", message.action, decision, this as never, watch, startedAt);
    if (this.#isEnded) return undefined;
    if (decision.outcome !== "allow") this.#link.refuse(message, decision);
    else if (gate.served) {
      const handling = gate.served.dispatch(this as never, message, decision, watch ?? watching(), this.#link as never);
      return gate.engine.rules.entryOf(message.action).concurrent ? undefined : handling;
    } else this.#link.deliver(message);
    return undefined;
  }

  /** Holds the next messages back until a decision or a handler is through. */
  #hold(until: PromiseLike<unknown>): void {
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#link.pause();
    }
    until.then(
      () => this.#release(),
      (error: unknown) => {
        surface(error);
        this.#release();
      },
    );
  }

  #release(): void {
    this.#isBusy = false;
    while (!this.#isBusy && !this.#isEnded) {
      const message = this.#queue?.shift();
      if (message === undefined) break;
      this.#queuedBytes -= message.bytes;
      try {
        this.#process(message);
      } catch (error) {
        surface(error);
      }
    }
    if (this.#isBusy || this.#isEnded) return;
    this.#excess = this.#excessBytes = 0;
    this.#link.resume();
    this.#drained();
  }

  #drained(): void {
    const whenDrained = this.#whenDrained;
    this.#whenDrained = undefined;
    whenDrained?.();
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
    if (this.#excess >= pendingMessages || this.#excessBytes >= pendingBytes) this.close(1008, "too many messages");
    else this.#link.refuse(message, message.bytes > pendingBytes ? PAYLOAD_TOO_LARGE : TOO_MANY_PENDING);
  }

  #isFlooding(): boolean {
    const { undecodable, undecodableWindow } = this.#gate.limits;
    const now = performance.now();
    if (now - this.#badSince > undecodableWindow) {
      this.#badSince = now;
      this.#badCount = 0;
    }
    this.#badCount += 1;
    return this.#badCount > undecodable;
  }
}

/** The application's own listener has thrown while nobody could catch it: it surfaces as it would without a guard. */
function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
