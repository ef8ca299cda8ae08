import type { DecisionEvent, Payload } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import { continuity } from "@portcullis/core/continuity";
import type { Order } from "../order.js";
import { Application } from "./application.js";
import { running } from "./clock.js";
import { happen } from "./events.js";
import { expectAnswer, expectClose, expectExpiry, expectHandedOn, expectPatience } from "./expectations.js";
import type { MessagePlan, Setup } from "./plans.js";
import { Rules } from "./rules.js";
import { type Member, Sent } from "./sent.js";
import type { MakeStage, Stage } from "./stage.js";
import { EVERY, EVERY_GRACE, GRACE, TIMEOUT } from "./times.js";
import { Waits } from "./waits.js";

/** What has happened in all worlds. It shows that they have tested anything. */
export const reached = { delivered: 0, refused: 0, replied: 0, closed: 0 };

type GuardedSession = Pick<Session, "isEnded" | "scope" | "identity" | "refresh" | "decide" | "receive">;

/** One connection with continuity, an application that writes the truth, and what must hold. */
export class World {
  readonly broken: string[] = [];
  /** Messages, renewals and questions of the application, by number. */
  readonly sent: Sent[] = [];
  readonly promised: { what: string; isSettled: boolean }[] = [];
  readonly application = new Application(this);
  readonly waits = new Waits();
  readonly asked = new Rules(this);
  readonly stage: Stage;
  readonly options: object;
  /** A policy, or the consumer of `serve()`. */
  readonly rules: object;
  session: GuardedSession | undefined;
  hasLeft = false;
  closes = 0;
  /** True once the client is the user whom records address. */
  isMember = false;
  /** True once a renewal was refused with 403, which ends the session. */
  isBanned = false;
  /** The epoch at which the scope was replaced last. */
  epoch = 0;

  constructor(
    readonly setup: Setup,
    readonly order: Order,
    makeStage: MakeStage,
  ) {
    this.rules = this.asked.make();
    this.options = {
      authenticate: (_client: unknown, { renewal, signal }: { renewal?: Payload; signal: AbortSignal }) =>
        this.application.authenticate(renewal, signal),
      identify: ({ user, end }: Member) => ({
        ...(user && { subjects: [`user:${user.id}`, "session:1"] }),
        expiresAt: end,
      }),
      onScope: () => this.#recognize(),
      continuity: continuity({
        renew: { action: "renew" },
        warnBefore: 5_000,
        grace: GRACE,
        revalidate: { every: EVERY, grace: EVERY_GRACE, concurrency: 1 },
        revocations: this.application.revocations,
      }),
      timeout: TIMEOUT,
      onDecision: ({ phase }: DecisionEvent) => {
        if (phase === "expire") expectExpiry(this);
      },
    };
    this.stage = makeStage(this);
  }

  get isServed(): boolean {
    return this.setup.kind === "serve";
  }

  sentOf({ about }: Readonly<Record<string, unknown>>): Sent {
    return this.sent[about as number] as Sent;
  }

  get scope(): Member {
    return this.session?.scope as unknown as Member;
  }

  /** The client has a new scope. If it is a user by now, records address it from now on. */
  #recognize(): void {
    if (this.scope.user?.id === "ann") this.isMember = true;
    this.application.accept(this.scope);
    this.waits.settle();
    this.epoch = this.session?.identity?.epoch ?? 0;
  }

  /** True while something of an open connection is left to be settled. */
  get isUnsettled(): boolean {
    if (this.session === undefined || this.session.isEnded) return false;
    const isWaiting = ({ isAccepted, answers }: Sent) => isAccepted && answers === 0;
    return this.session.identity?.state === "pending" || this.sent.some(isWaiting);
  }

  fail(text: string): void {
    this.broken.push(text);
  }

  /** Begins the handshake; the steps behind it begin once it is open. */
  begin(): void {
    this.stage.connect();
    for (const event of this.setup.early) this.order.add(event, () => happen(this, event));
  }

  /** The client is admitted, and its session open. */
  opened(session: GuardedSession): void {
    this.session = session;
    this.#noteArrivals(session);
    this.#recognize();
    // One that was revoked meanwhile is opened, and has ended by then.
    if (session.isEnded) this.epoch = -1;
    if (session.identity?.state === "pending") this.waits.demand();
    for (const [i, plan] of this.setup.messages.entries()) this.order.add(`message ${i}`, () => this.#say(plan));
    for (const event of this.setup.events) this.order.add(event, () => happen(this, event));
  }

  /** Messages take their time on a wire, so it is noted when they reach the session. */
  #noteArrivals(session: GuardedSession): void {
    const { receive } = session;
    session.receive = (message) => {
      const sent = this.sentOf(message.payload);
      sent.arrivedAt = performance.now();
      sent.since = running();
      sent.hasExpired = Date.now() >= this.scope.end;
      sent.isInTime = Date.now() < this.scope.end + GRACE;
      receive.call(session, message);
    };
  }

  delivered(sent: Sent): void {
    expectPatience(this, sent);
    sent.delivered += 1;
    reached.delivered += 1;
    expectHandedOn(this, sent, this.scope);
    this.waits.turn();
  }

  refused(sent: Sent, code: string): void {
    expectPatience(this, sent, code);
    sent.refused += 1;
    reached.refused += 1;
    expectAnswer(this, sent);
    if (sent.action === "renew" && code === "banned") this.isBanned = true;
    this.waits.turn();
  }

  replied(sent: Sent): void {
    sent.replies += 1;
    reached.replied += 1;
    expectAnswer(this, sent);
    this.waits.turn();
  }

  /** @param reason The code that has ended the connection, where the client is told of it. */
  closed(reason?: string): void {
    this.closes += 1;
    reached.closed += 1;
    expectClose(this, reason);
  }

  #say({ action, ...plan }: MessagePlan): void {
    this.#send(action, {}, { action, ...plan });
  }

  renew(token: string): void {
    this.#send("renew", { token });
  }

  /** Numbers a message. */
  create(action: string, payload: object, plan?: MessagePlan): Sent {
    const index = this.sent.length;
    const created = new Sent(index, action, { ...payload, about: index }, plan);
    this.sent.push(created);
    return created;
  }

  #send(action: string, payload: object, plan?: MessagePlan): void {
    const { session, stage } = this;
    const message = this.create(action, payload, plan);
    if (session === undefined || session.isEnded || this.hasLeft) return;
    message.isAccepted = true;
    stage.send(message);
  }

  /** A value that comes in a step of its own. */
  later<T>(label: string, value: T, whenThere: () => unknown = () => {}): Promise<T> {
    return new Promise((resolve) =>
      this.order.add(label, () => {
        whenThere();
        resolve(value);
      }),
    );
  }

  leave(): void {
    this.hasLeft = true;
    this.stage.leave();
  }

  /** Notes a promise that must be settled in the end. */
  promise(what: string, promise: Promise<unknown>): void {
    const promised = { what, isSettled: false };
    this.promised.push(promised);
    const settle = () => {
      promised.isSettled = true;
    };
    promise.then(settle, settle);
  }
}
