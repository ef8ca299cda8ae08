import type { DecisionEvent } from "@portcullis/core";
import { PermissionDenied } from "@portcullis/core";
import { Gate, type HandshakeEvaluation, type HandshakeResult, type Session } from "@portcullis/core/adapter";
import { vi } from "vitest";
import { Message } from "./message.js";
import type { Order } from "./order.js";
import { type Answer, answer, type EventName, type Setup, type Verdict } from "./plans.js";
import { CONSUMERS, DRAIN, POLICIES, TIMEOUT } from "./rules.js";
import { FlushingWire, Wire, type WireWorld } from "./wire.js";

/** How much time passes, in milliseconds, where it does. */
const PASSING: Partial<Record<EventName, number>> = {
  "some time passes": 700,
  "a deadline passes": 1300,
  "the drain passes": DRAIN * 1.1,
};
const NOW: Answer = { verdict: "allow", isLater: false };

/** Promises that must be settled in every case. */
interface Promised {
  readonly what: string;
  isSettled: boolean;
}

/**
 * One connection behind a gate, with a transport that only takes down what it is told. Whatever is not as it must be is
 * in `broken`: nothing is thrown, since the gate would catch it.
 */
export class Simulation implements WireWorld {
  readonly broken: string[] = [];
  readonly messages: readonly Message[];
  readonly promised: Promised[] = [];
  /** Signals that must be aborted in the end: that of the session, and those of open questions. */
  readonly signals = new Set<AbortSignal>();
  readonly gate: Gate<string>;
  readonly wire: Wire;
  session: Session<Message> | undefined;
  admission: HandshakeEvaluation<Message, string> | undefined;
  admitted: HandshakeResult | undefined;
  /** Errors of listeners, and errors that surfaced. */
  thrown = 0;
  caught = 0;
  hasLeft = false;
  /** Since when the guard closes, by the clock. */
  guardClosedAt: number | undefined;
  /** Since when a client that closes is waited for. */
  leavingSince: number | undefined;
  #version = 0;
  #turn = 0;
  /** The newest scope that a refresh has brought. */
  #newest = 0;
  #lastAsked = -1;
  #lastAnswered = -1;
  #arrived = 0;

  constructor(
    readonly setup: Setup,
    readonly order: Order,
  ) {
    this.messages = setup.messages.map((plan, index) => new Message(this, index, plan));
    const served = this.isServed ? CONSUMERS[0] : undefined;
    const options = {
      authenticate: () => this.#authenticate(),
      onDecision: (event: DecisionEvent) => this.#decided(event),
      timeout: TIMEOUT,
      limits: { drain: DRAIN, pendingMessages: setup.capacity },
    };
    this.wire = setup.kind === "guard that flushes" ? new FlushingWire(this) : new Wire(this);
    this.gate = new Gate<string>("guard()", served ?? POLICIES[0], options, served);
  }

  get isServed(): boolean {
    return this.setup.kind === "serve";
  }

  /** True when a message that arrives now must be answered. */
  get takesMessages(): boolean {
    const { session, guardClosedAt, leavingSince } = this;
    return session?.isEnded === false && guardClosedAt === undefined && leavingSince === undefined;
  }

  fail(text: string): void {
    this.broken.push(text);
  }

  /** Knocks, and opens the session as an adapter does. */
  begin(): void {
    const admission = this.gate.admit<Message>(this.wire);
    this.admission = admission;
    const conclude = (admitted: HandshakeResult) => {
      this.admitted = admitted;
      if (admitted.decision.outcome !== "allow" || this.hasLeft) return;
      this.session = admission.open();
      this.watch(this.session.signal);
      this.#arrive();
    };
    const { result } = this.admission;
    if (result instanceof Promise) this.track("admission", result.then(conclude));
    else conclude(result);
    for (const event of this.setup.events) this.order.add(event, () => this.happen(event));
  }

  /** Messages arrive one after the other, each as a step. */
  #arrive(): void {
    const message = this.messages[this.#arrived++];
    if (message === undefined) return;
    this.order.add(`message ${message.index}`, () => {
      message.isAccepted = this.takesMessages;
      try {
        this.session?.receive(message);
      } catch {
        this.caught += 1;
      }
      this.#arrive();
    });
  }

  happen(event: EventName): void {
    const { gate, session } = this;
    const passing = PASSING[event];
    if (passing !== undefined) vi.advanceTimersByTime(passing);
    else if (event === "another policy") {
      this.#version = 1;
      gate.replace(this.isServed ? CONSUMERS[1] : POLICIES[1]);
    } else if (event === "the guard closes") {
      this.guardClosedAt ??= Date.now();
      this.track("the closing of the guard", gate.close());
    } else if (session === undefined) this.#leaveEarly(event);
    else this.#happenTo(session, event);
  }

  #leaveEarly(event: EventName): void {
    if (event !== "the client leaves" && event !== "the client closes" && event !== "the server closes") return;
    this.hasLeft = true;
    this.admission?.abort();
  }

  #happenTo(session: Session<Message>, event: EventName): void {
    if (event === "the client leaves") session.end();
    else if (event === "the server closes") session.close(4000, "enough");
    else if (event === "the client closes") this.#closeOrderly(session);
    else if (event === "refresh") {
      const refreshing = session.refresh();
      const turn = this.#turn - 1;
      const refreshed = refreshing.then(({ outcome, code }) => {
        // Of several at once the one begun last counts.
        if (outcome === "allow" && turn === this.#turn - 1) this.#newest = turn;
        if (outcome !== "allow" && !session.isEnded) this.fail(`a refresh was refused (${code}), and it lives`);
      });
      this.track("refresh", refreshed);
    } else if (event === "object check") this.#checkObject(session);
  }

  /** As ws does when a client has said that it closes. */
  #closeOrderly(session: Session<Message>): void {
    if (session.isEnded) return;
    this.leavingSince ??= Date.now();
    const left = new Promise<void>((resolve) => {
      session.drain(() => {
        const isInTime = this.leavingSince !== undefined && Date.now() - this.leavingSince < DRAIN;
        if (!session.isEnded && isInTime) this.expectHandedOn("the client had closed");
        session.end();
        resolve();
      });
    });
    this.track("the leaving of the client", left);
  }

  #checkObject(session: Session<Message>): void {
    let isSettled = false;
    const check = {
      askAction: () => true,
      askObject: (signal: AbortSignal) => {
        this.watch(signal);
        return answer(this.order, "object", { verdict: "allow", isLater: true }, () => {
          isSettled = true;
          this.settles(signal);
        });
      },
    };
    const asked = async (): Promise<void> => {
      const { outcome } = await session.decide("plain", { about: check }, { object: {} });
      if (outcome === "allow" && !isSettled) this.fail("an object was allowed, and its rule had not answered");
    };
    this.track("object check", asked());
  }

  track(what: string, promise: Promise<unknown>): void {
    const promised = { what, isSettled: false };
    this.promised.push(promised);
    promise.then(
      () => {
        promised.isSettled = true;
      },
      (error: unknown) => this.fail(`${what} has failed: ${error}`),
    );
  }

  watch(signal: AbortSignal): void {
    this.signals.add(signal);
  }

  /** A question is answered: if that is too late, its signal has said so. */
  settles(signal: AbortSignal, isLater = true): void {
    this.signals.delete(signal);
    if (isLater && this.session?.isEnded && !signal.aborted)
      this.fail("a question went on after the end, and was not told");
  }

  #authenticate(): unknown {
    const turn = this.#turn++;
    const value = (verdict: Verdict) => {
      if (verdict === "deny") throw new PermissionDenied("not_you");
      if (verdict === "fault") throw new PermissionDenied("too_busy", { status: 503 });
      if (verdict === "throw") throw new Error("planned");
      if (verdict === "abstain") return undefined;
      return verdict === "allow" ? { user: { turn } } : "nonsense";
    };
    const plan: Answer = turn === 0 ? this.setup.authenticate : { ...NOW, isLater: true };
    return answer(this.order, `authenticate ${turn}`, plan, () => {}, value);
  }

  askConnect(): unknown {
    const { connect, messages } = this.setup;
    // A repeated question is judged like its first message.
    const plan = this.session ? (messages[0]?.rule ?? NOW) : connect;
    return answer(this.order, "connect", plan, () => {});
  }

  asked(message: Message, version: number, scope: unknown, signal: AbortSignal): void {
    this.watch(signal);
    const { index } = message;
    if (this.session?.isEnded) this.fail(`message ${index} was asked about after the end`);
    if (!message.isAccepted) this.fail(`message ${index} was asked about, and was not accepted`);
    if (version !== this.#version) this.fail(`message ${index} was asked about under the policy ${version}`);
    if (index <= this.#lastAsked) this.fail(`message ${index} was asked about behind ${this.#lastAsked}`);
    this.#lastAsked = index;
    const waiting = this.messages.find((other) => other.index < index && !other.isThrough);
    if (waiting) this.fail(`message ${index} was asked about before ${waiting.index} was through`);
    const { turn = 0 } = ((scope as { user?: { turn: number } | null }).user ?? {}) as { turn?: number };
    if (turn < this.#newest) this.fail(`message ${index} has an older scope than a refresh has brought`);
  }

  #decided({ phase, action }: DecisionEvent): void {
    if (phase !== "action") return;
    const message = this.messages.find((one) => one.isAsked && one.action === action && !one.isDecided);
    if (message === undefined) return;
    message.isDecided = true;
    const { reaction } = message.plan;
    if (reaction?.at === "decision") this.happen(reaction.does);
  }

  /** A handler begins. */
  handles(message: Message, version: number, signal: AbortSignal): void {
    this.watch(signal);
    const { index, objection, isHandled } = message;
    if (this.session?.isEnded) this.fail(`message ${index} was handled after the end`);
    if (objection) this.fail(`message ${index} was handled, and ${objection}`);
    if (isHandled) this.fail(`message ${index} was handled twice`);
    if (version !== message.version) this.fail(`message ${index} was handled by another consumer than asked about it`);
  }

  /** Answers come in the order of the messages, but to those whose handlers run beside the others. */
  expectTurn({ index, isBeside }: Message): void {
    if (isBeside) return;
    if (index < this.#lastAnswered) this.fail(`message ${index} was answered behind ${this.#lastAnswered}`);
    this.#lastAnswered = index;
  }

  get isDrainInTime(): boolean {
    return this.guardClosedAt !== undefined && Date.now() - this.guardClosedAt < DRAIN;
  }

  /** All that was accepted is decided and delivered; answered too, where handlers were waited for. */
  expectHandedOn(when: string, withHandlers = false): void {
    for (const { isAccepted, isAnswered, isHandled, isHandling, index } of this.messages) {
      const isDone = isAnswered || (isHandled && !withHandlers);
      if (isAccepted && !isDone) this.fail(`${when}, and message ${index} is not answered`);
      if (withHandlers && isHandling) this.fail(`${when}, and the handler of message ${index} is not through`);
    }
  }
}
