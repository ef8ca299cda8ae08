import type { Guard } from "@portcullis/adapter-ws";
import type { DecisionEvent } from "@portcullis/core";
import { type Decision, PermissionDenied } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import { vi } from "vitest";
import { Message } from "./message.js";
import type { Order } from "./order.js";
import { type Answer, answer, type EventName, type Setup, type Verdict } from "./plans.js";
import { CONSUMERS, DRAIN, POLICIES, TIMEOUT } from "./rules.js";
import type { Scenario } from "./scenario.js";

/** How long a handshake may take: longer than all that passes. */
const HANDSHAKE = 60_000;
const NOW: Answer = { verdict: "allow", isLater: false };

/** The events that end a connection, or may. */
export const ENDS: readonly EventName[] = [
  "the client leaves",
  "the client closes",
  "the server closes",
  "the server cuts",
  "the guard closes",
  "refresh",
];

/** How much time passes, in milliseconds, where it does. */
const PASSING: Partial<Record<EventName, number>> = {
  "some time passes": 700,
  "a deadline passes": 1300,
  "the drain passes": DRAIN * 1.1,
};

/** The common members of the guards of both transports. */
type AnyGuard = Pick<Guard, "close"> & { replace(next: never): void; readonly sessions: ReadonlySet<unknown> };
type AnySession = Pick<Session, "isEnded" | "signal" | "close" | "refresh" | "decide">;

/** A guarded server with one client. */
export interface Theatre {
  readonly guard: AnyGuard;
  /** The client knocks. */
  connect(): void;
  /** The client sends a message. */
  send(action: string, index: number): void;
  /** The client goes away without a word, or with one. */
  leave(): void;
  close(): void;
  /** The server ends the connection without asking the guard. */
  cut(): void;
  /** True when no connection is left. The server's own count is that of the last call. */
  isQuiet(): boolean;
  stop(): Promise<void>;
}

/** One client of a guarded server, over real sockets. Whatever is not as it must be is in `broken`. */
export class Play implements Scenario<Message> {
  readonly broken: string[] = [];
  readonly messages: readonly Message[];
  readonly signals = new Set<AbortSignal>();
  readonly unsettled = new Set<string>();
  /** Events so far that may end the connection. */
  readonly causes = new Set<EventName>();
  theatre: Theatre | undefined;
  session: AnySession | undefined;
  isTold = false;
  guardClosedAt: number | undefined;
  isClosedInTime = false;
  decision: Decision | undefined;
  /** Codes that the client received, by message. */
  readonly received = new Map<number, string[]>();
  #version = 0;
  #turn = 0;
  #lastAsked = -1;
  #lastReceived = -1;
  #lastHandled = -1;
  #sent = 0;

  constructor(
    readonly setup: Setup,
    readonly order: Order,
  ) {
    this.messages = setup.messages.map((plan, index) => new Message(this, index, plan));
  }

  get isServed(): boolean {
    return this.setup.kind === "serve";
  }

  get rules(): unknown {
    return this.isServed ? CONSUMERS[0] : POLICIES[0];
  }

  get options() {
    return {
      authenticate: () => this.#authenticate(),
      onDecision: (event: DecisionEvent) => this.#decided(event),
      timeout: TIMEOUT,
      limits: { drain: DRAIN, handshake: HANDSHAKE, pendingMessages: this.setup.capacity },
    };
  }

  /** True when messages are accepted and must be answered. */
  get takesMessages(): boolean {
    return this.session?.isEnded === false && this.guardClosedAt === undefined;
  }

  /** True when the client must be admitted. */
  get isWelcome(): boolean {
    const { authenticate, connect } = this.setup;
    return ["allow", "abstain"].includes(authenticate.verdict) && connect.verdict === "allow";
  }

  fail(text: string): void {
    this.broken.push(text);
  }

  begin(theatre: Theatre): void {
    this.theatre = theatre;
    theatre.connect();
    for (const event of this.setup.events) this.order.add(event, () => this.happen(event));
  }

  /** The client is let in. */
  entered(): void {
    this.#sendNext();
  }

  #sendNext(): void {
    const message = this.messages[this.#sent++];
    if (message === undefined) return;
    this.order.add(`message ${message.index}`, () => {
      this.theatre?.send(message.action, message.index);
      this.#sendNext();
    });
  }

  happen(event: EventName): void {
    const { theatre, session } = this;
    const passing = PASSING[event];
    if (ENDS.includes(event)) this.causes.add(event);
    if (passing !== undefined) vi.advanceTimersByTime(passing);
    else if (event === "the client leaves") theatre?.leave();
    else if (event === "the client closes") theatre?.close();
    else if (event === "the server closes") session?.close(4000, "enough");
    else if (event === "the server cuts") theatre?.cut();
    else if (event === "another policy") {
      this.#version = 1;
      theatre?.guard.replace((this.isServed ? CONSUMERS[1] : POLICIES[1]) as never);
    } else if (event === "the guard closes") this.#closeGuard();
    else if (session) this.#ask(session, event);
  }

  #closeGuard(): void {
    const since = Date.now();
    this.guardClosedAt ??= since;
    const closing = this.theatre?.guard.close().then(() => {
      this.isClosedInTime = Date.now() - since < DRAIN;
    });
    this.track("the closing of the guard", closing);
  }

  #ask(session: AnySession, event: EventName): void {
    if (event === "refresh") this.track("refresh", session.refresh());
    else if (event === "object check") {
      const check = {
        askAction: () => true,
        askObject: () => answer(this.order, "object", { ...NOW, isLater: true }, () => {}),
      };
      this.track("object check", Promise.resolve(session.decide("plain", { about: check }, { object: {} })));
    }
  }

  track(what: string, promise: Promise<unknown> | undefined): void {
    const name = `${what} ${this.#turn++}`;
    this.unsettled.add(name);
    Promise.resolve(promise).then(
      () => this.unsettled.delete(name),
      (error: unknown) => this.fail(`${what} has failed: ${error}`),
    );
  }

  watch(signal: AbortSignal): void {
    this.signals.add(signal);
  }

  settles(signal: AbortSignal, isLater = true): void {
    this.signals.delete(signal);
    if (isLater && this.session?.isEnded && !signal.aborted)
      this.fail("a question went on after the end, and was not told");
  }

  #authenticate(): unknown {
    const value = (verdict: Verdict) => {
      if (verdict === "deny") throw new PermissionDenied("not_you");
      if (verdict === "fault") throw new PermissionDenied("too_busy", { status: 503 });
      if (verdict === "throw") throw new Error("planned");
      if (verdict === "abstain") return undefined;
      return verdict === "allow" ? { user: {} } : "nonsense";
    };
    const plan: Answer = this.session ? { ...NOW, isLater: true } : this.setup.authenticate;
    return answer(this.order, "authenticate", plan, () => {}, value);
  }

  askConnect(): unknown {
    const { connect, messages } = this.setup;
    const plan = this.session ? (messages[0]?.rule ?? NOW) : connect;
    return answer(this.order, "connect", plan, () => {});
  }

  /** The server has opened the connection for the application. */
  opened(session: AnySession | undefined): void {
    if (this.session) this.fail("opened twice");
    if (!this.isWelcome) this.fail("opened, and refused");
    this.session = session;
    if (session) this.watch(session.signal);
    else this.fail("opened without a session");
  }

  /** The application is told that the connection has ended. */
  told(): void {
    if (this.isTold) this.fail("told twice of the end");
    if (this.session?.isEnded !== true) this.fail("told of the end, and the session lives");
    this.isTold = true;
  }

  /** A message has reached the session. */
  arrived(index: unknown): void {
    const message = this.messages[index as number];
    if (message === undefined) this.fail(`message ${index} arrived, and was never sent`);
    else if (this.takesMessages) message.isAccepted = true;
  }

  asked(message: Message, version: number, _scope: unknown, signal: AbortSignal): void {
    this.watch(signal);
    const { index } = message;
    if (this.session?.isEnded) this.fail(`message ${index} was asked about after the end`);
    if (version !== this.#version) this.fail(`message ${index} was asked about under the policy ${version}`);
    if (index <= this.#lastAsked) this.fail(`message ${index} was asked about behind ${this.#lastAsked}`);
    this.#lastAsked = index;
    const isBefore = (one: Message) => one.index < index && one.isAsked;
    const waiting = this.messages.find(
      (one) => isBefore(one) && (!one.isRuleOver || (one.isHandling && !one.isBeside)),
    );
    if (waiting) this.fail(`message ${index} was asked about before ${waiting.index} was through`);
  }

  handles(message: Message, version: number, signal: AbortSignal): void {
    this.watch(signal);
    this.#reaches(message, "handled");
    if (version !== message.version) this.fail(`message ${message.index} was handled by another consumer`);
  }

  /** A message has reached the application's own listener. */
  delivered(index: number): void {
    const message = this.messages[index] as Message;
    this.#reaches(message, "delivered");
    message.isDelivered = true;
    const { reaction } = message.plan;
    if (reaction?.at === "handler") this.happen(reaction.does);
  }

  #reaches({ index, objection, isDelivered, isHandled }: Message, how: string): void {
    if (this.session?.isEnded) this.fail(`message ${index} was ${how} after the end`);
    if (this.isTold) this.fail(`message ${index} was ${how} after the application was told of the end`);
    if (objection) this.fail(`message ${index} was ${how}, and ${objection}`);
    if (isDelivered || isHandled) this.fail(`message ${index} was ${how} twice`);
    if (index <= this.#lastHandled) this.fail(`message ${index} was ${how} behind ${this.#lastHandled}`);
    this.#lastHandled = index;
  }

  #decided({ phase, decision, session }: DecisionEvent): void {
    if (phase === "connect" && session === undefined) this.decision = decision;
    const message = this.messages.find((one) => one.isAsked && !one.isDecided);
    if (phase !== "action" || message === undefined) return;
    message.isDecided = true;
    const { reaction } = message.plan;
    if (reaction?.at === "decision") this.happen(reaction.does);
  }

  /** The client has got an answer. */
  receives(index: number, code: string): void {
    const message = this.messages[index];
    if (message === undefined) this.fail(`an answer to ${index}, which was never sent`);
    else this.#takes(message, code);
  }

  #takes(message: Message, code: string): void {
    const { index } = message;
    const codes = this.received.get(index) ?? [];
    this.received.set(index, [...codes, code]);
    const { expected, plan, isBeside, isLate } = message;
    const isFurther =
      this.isServed && plan.handler === "replies twice" && codes.join() === "allowed" && code === "allowed";
    if (codes.length > 0 && !isFurther) this.fail(`message ${index} was answered ${codes} and ${code}`);
    if (code === "too_many_pending") return;
    if (code !== expected && !(code === "permission_timeout" && isLate))
      this.fail(`message ${index} got ${code} instead of ${expected}`);
    if (isBeside || isFurther) return;
    if (index < this.#lastReceived) this.fail(`message ${index} was answered behind ${this.#lastReceived}`);
    this.#lastReceived = index;
  }
}
