import { definePolicy, deny, type Payload, PermissionDenied, permission, type SessionIdentity } from "@portcullis/core";
import type { ClientMessage, Session } from "@portcullis/core/adapter";
import { defineConsumer, type HandlerContext } from "@portcullis/core/consumer";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { vi } from "vitest";
import { type Order, turns } from "../order.js";
import type { EventName, MessagePlan, Setup, Token } from "./plans.js";

/** Milliseconds. */
export const LIFE = 60_000;
export const GRACE = 4_000;
export const EVERY = 40_000;
/** So often a decision is overtaken at most, so that a fence without an end ends. */
const MOST_REACTIONS = 8;
export const TIMEOUT = { connect: 1_000, action: 1_500, object: 1_500 };

/** Milliseconds for which the process has stopped. No timer has fired meanwhile. */
export const clock = { stopped: 0 };

/** What has happened in all worlds. It shows that they have tested anything. */
export const reached = { delivered: 0, refused: 0, replied: 0, closed: 0 };

interface Member {
  readonly user: { readonly id: string } | null;
  readonly isAdmin: boolean;
  /** The version of the truth that was read. */
  readonly version: number;
  /** The time at which it was read for something else than a renewal. */
  readonly truthAt: number;
  readonly end: number;
}

/** A message of the client, and what has become of it. */
export class Sent implements ClientMessage {
  readonly bytes = 10;
  isAccepted = false;
  delivered = 0;
  refused = 0;
  replies = 0;
  asked = 0;
  /** The scope under which the rule was asked last. */
  scope: Member | undefined;

  constructor(
    readonly action: string,
    readonly payload: Readonly<Record<string, unknown>>,
    readonly plan: MessagePlan | undefined,
  ) {}

  get answers(): number {
    return this.delivered + this.refused + this.replies;
  }
}

/** The transport between a client and its guard. */
export interface Stage {
  readonly guard: { readonly sessions: { readonly size: number }; close(): Promise<void> };
  /** The client knocks. Calls `opened` of the world for one that is admitted. */
  connect(): void;
  /** The client sends a message. */
  send(sent: Sent): void;
  /** The client goes away without a word. */
  leave(): void;
}

/** Guards a world: the core alone, or an adapter. */
export type MakeStage = (world: World) => Stage;

/** One connection with continuity, an application that writes the truth, and what must hold. */
export class World {
  readonly broken: string[] = [];
  /** Messages and renewals, by number. */
  readonly sent: Sent[] = [];
  readonly promised: { what: string; isSettled: boolean }[] = [];
  readonly revocations = memoryRevocations();
  readonly stage: Stage;
  readonly options: object;
  /** A policy, or the consumer of `serve()`. */
  readonly rules: object;
  session: Pick<Session, "isEnded" | "scope" | "identity" | "refresh"> | undefined;
  hasLeft = false;
  readonly #renewed = new WeakSet<object>();
  closes = 0;
  /** The truth of the application, by version. */
  truth = { isAdmin: true, isBanned: false, version: 1 };
  /** The version that a decision must have read, because a record or a refresh said so. */
  demanded = 0;
  isRevoked = false;
  authentications = 0;
  /** True once the client is the user whom records address. */
  isMember = false;
  /** True once a renewal was refused with 403, which ends the session. */
  isBanned = false;

  constructor(
    readonly setup: Setup,
    readonly order: Order,
    makeStage: MakeStage,
  ) {
    const rule = permission("rule", ({ payload, scope }) => this.#ask(this.sentOf(payload), scope as never) as boolean);
    const identify = ({ user, end }: Member) => ({
      ...(user && { subjects: [`user:${user.id}`, "session:1"] }),
      expiresAt: end,
    });
    const made = continuity({
      renew: { action: "renew" },
      warnBefore: 5_000,
      grace: GRACE,
      revalidate: { every: EVERY, grace: 10_000, concurrency: 1 },
      revocations: this.revocations,
    });
    const handle = (context: HandlerContext) => this.#handle(context);
    const consumer = defineConsumer()
      .action("plain", rule, handle as never)
      .action("secret", rule, handle as never)
      .action("beside", rule, { concurrent: true }, handle as never)
      .action("loaded", rule, { object: () => this.#later("object", {}) }, handle as never);
    const policy = definePolicy({ actions: { plain: rule, secret: rule, beside: rule, loaded: rule } });
    this.rules = this.isServed ? consumer : policy;
    this.options = {
      authenticate: (_client: unknown, { renewal }: { renewal?: Payload }) => this.#authenticate(renewal),
      identify,
      onScope: () => this.#recognize(),
      continuity: made,
      timeout: TIMEOUT,
      onDecision: () => {},
    };
    this.stage = makeStage(this);
  }

  get isServed(): boolean {
    return this.setup.kind === "serve";
  }

  sentOf({ about }: Readonly<Record<string, unknown>>): Sent {
    return this.sent[about as number] as Sent;
  }

  get #scope(): Member {
    return this.session?.scope as unknown as Member;
  }

  /** The client is a user from now on, whom records address. */
  #recognize(): void {
    if (this.#scope.user?.id === "ann") this.isMember = true;
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
    for (const event of this.setup.early) this.order.add(event, () => this.happen(event));
  }

  /** The client is admitted, and its session open. */
  opened(session: NonNullable<World["session"]>): void {
    this.session = session;
    this.#recognize();
    for (const [i, plan] of this.setup.messages.entries()) this.order.add(`message ${i}`, () => this.#say(plan));
    for (const event of this.setup.events) this.order.add(event, () => this.happen(event));
  }

  delivered(sent: Sent): void {
    sent.delivered += 1;
    reached.delivered += 1;
    this.#handsOn(sent, this.#scope);
  }

  refused(sent: Sent, code: string): void {
    sent.refused += 1;
    reached.refused += 1;
    this.#answers(sent);
    if (sent.action === "renew" && code === "banned") this.isBanned = true;
  }

  replied(sent: Sent): void {
    sent.replies += 1;
    reached.replied += 1;
    this.#answers(sent);
  }

  closed(): void {
    this.closes += 1;
    reached.closed += 1;
    if (this.closes > 1) this.fail("the transport is closed twice");
  }

  #answers({ action, answers }: Sent): void {
    if (answers > 1) this.fail(`a message \`${action}\` has ${answers} answers`);
    if (this.session?.isEnded) this.fail(`a message \`${action}\` is answered after the end`);
  }

  /** Something reaches the application under a scope. */
  #handsOn(sent: Sent, scope: Member): void {
    const { action, plan } = sent;
    if (this.session?.isEnded || this.isRevoked || this.isBanned) this.fail(`\`${action}\` is handed on after the end`);
    if (this.isMember && scope.user === null) this.fail(`\`${action}\` is handed on without its principal`);
    if (sent.scope !== scope) this.fail(`\`${action}\` is handed on by a decision about another scope`);
    if (performance.now() - scope.truthAt > EVERY) this.fail(`\`${action}\` is handed on by a truth that is too old`);
    if (Date.now() >= scope.end) this.fail(`\`${action}\` is handed on under an identity that has expired`);
    if (this.isMember && scope.version < this.demanded)
      this.fail(`\`${action}\` is handed on under version ${scope.version} of ${this.demanded}`);
    if (plan?.action === "secret" && !scope.isAdmin) this.fail("a secret is handed on to somebody who is no admin");
  }

  #say({ action, ...plan }: MessagePlan): void {
    this.#send(action, {}, { action, ...plan });
  }

  #send(action: string, payload: object, plan?: MessagePlan): void {
    const { session, sent, stage } = this;
    const message = new Sent(action, { ...payload, about: sent.length }, plan);
    sent.push(message);
    if (session === undefined || session.isEnded || this.hasLeft) return;
    message.isAccepted = true;
    stage.send(message);
  }

  #ask(sent: Sent, scope: Member): unknown {
    sent.asked += 1;
    sent.scope = scope;
    if (sent.asked > 4) this.fail(`the rule is asked ${sent.asked} times`);
    const isReacting = sent.asked === 1 || (sent.plan?.reactsAgain === true && sent.asked < MOST_REACTIONS);
    if (sent.plan?.reactsIn === "rule" && isReacting) this.#react(sent);
    const verdict = sent.action !== "secret" || scope.isAdmin || deny("no_admin");
    return sent.plan?.isLater ? this.#later("rule", verdict) : verdict;
  }

  async #handle({ payload, scope, session, reauthorize }: HandlerContext): Promise<void> {
    const sent = this.sentOf(payload);
    this.#handsOn(sent, scope as unknown as Member);
    if (sent.plan?.reactsIn !== "handler") return;
    this.#react(sent);
    await this.#later("handler", undefined);
    // A promise is awaited some turns after it is settled, so the answer holds for what was known at the question.
    const { demanded } = this;
    const { state } = session.identity as SessionIdentity;
    try {
      await reauthorize();
    } catch (error) {
      if (!(error instanceof PermissionDenied)) this.fail("reauthorize() threw something else");
      throw error;
    }
    if (state === "ended") this.fail("reauthorize() allows after the end");
    const { version = 0 } = sent.scope ?? {};
    if (this.isMember && version < demanded) this.fail(`reauthorize() allows by version ${version} of ${demanded}`);
  }

  #react({ plan }: Sent): void {
    if (plan?.reaction) this.happen(plan.reaction);
  }

  #later<T>(label: string, value: T): Promise<T> {
    return new Promise((resolve) => this.order.add(label, () => resolve(value)));
  }

  #member(id: string | undefined, truthAt: number): Member {
    const { isAdmin, version } = this.truth;
    return { user: id === undefined ? null : { id }, isAdmin, version, truthAt, end: Date.now() + LIFE };
  }

  /** Reads the truth in one step, and answers in another. */
  async #authenticate(renewal: Payload | undefined): Promise<unknown> {
    const token = renewal?.token as Token | undefined;
    // Later authentications get the payload of the last renewal too, and read the truth.
    const isRenewal = renewal !== undefined && !this.#renewed.has(renewal);
    if (renewal !== undefined) this.#renewed.add(renewal);
    const number = this.authentications++;
    if (number > 60) this.fail("it is authenticated without end");
    const read = token === undefined && number > 0 ? (this.setup.reads[number - 1] ?? "truth") : "truth";
    if (read === "hang") return new Promise(() => {});
    const isLater = number > 0 || this.setup.isAuthenticatedLater;
    const truthAt = isRenewal ? this.#scope.truthAt : performance.now();
    if (isLater) await this.#later("read", undefined);
    const isGuest = token === "guest" || (token === undefined && this.setup.isGuest);
    const id = this.truth.isBanned || isGuest ? undefined : token === "other" ? "bob" : "ann";
    const found = this.#member(id, truthAt);
    if (isLater) await this.#later("authenticated", undefined);
    if (read === "fault" || token === "fault") throw new Error("planned");
    if (token === "unauthorized") throw new PermissionDenied("not_authenticated");
    if (token === "forbidden") throw new PermissionDenied("banned", { status: 403 });
    return found;
  }

  happen(event: EventName): void {
    if (event.startsWith("renew: ")) {
      this.#send("renew", { token: event.slice(7) });
      return;
    }
    (
      ({
        demote: () => this.#write({ isAdmin: false }, "refresh"),
        promote: () => this.#write({ isAdmin: true }, "refresh"),
        ban: () => this.#write({ isBanned: true }, "refresh"),
        revoke: () => this.#write({ isBanned: true }, "revoke"),
        "revoke others": () => void this.revocations.revoke("user:ann", { except: "session:1" }),
        "session.refresh()": () => this.#refresh(),
        "lose records": () => this.revocations.lose(),
        "a little time passes": () => void vi.advanceTimersByTime(600),
        "the warning is due": () => void vi.advanceTimersByTime(EVERY / 2),
        "the wall clock is set forward": () => void vi.setSystemTime(Date.now() + LIFE),
        "the token expires": () => void vi.advanceTimersByTime(LIFE),
        "the grace is over": () => void vi.advanceTimersByTime(GRACE + 1),
        "the revalidation is due": () => void vi.advanceTimersByTime(0.9 * EVERY),
        "the process stops for a while": () => this.#stop(EVERY + 1),
        "the client leaves": () => this.leave(),
      }) as Record<string, () => void>
    )[event]?.();
  }

  /** Lets time pass without a turn of the event loop. */
  #stop(milliseconds: number): void {
    clock.stopped += milliseconds;
    vi.setSystemTime(Date.now() + milliseconds);
  }

  leave(): void {
    this.hasLeft = true;
    this.stage.leave();
  }

  /** The application writes first, then revokes. */
  #write(change: object, effect: "refresh" | "revoke"): void {
    this.truth = { ...this.truth, ...change, version: this.truth.version + 1 };
    this.demanded = this.truth.version;
    if (effect === "revoke" && this.isMember) this.isRevoked = true;
    void this.revocations[effect]("user:ann");
  }

  #refresh(): void {
    if (this.session === undefined) return;
    // Without a record, so that only the call tells of the change.
    this.truth = { ...this.truth, version: this.truth.version + 1 };
    if (!this.session.isEnded) this.demanded = this.truth.version;
    this.#promise("session.refresh()", this.session.refresh());
  }

  #promise(what: string, promise: Promise<unknown>): void {
    const promised = { what, isSettled: false };
    this.promised.push(promised);
    const settle = () => {
      promised.isSettled = true;
    };
    promise.then(settle, settle);
  }
}

/** Runs one connection in one order to its end. Returns what was not as it must be. */
export async function play(setup: Setup, order: Order, makeStage: MakeStage): Promise<readonly string[]> {
  const world = new World(setup, order, makeStage);
  world.begin();
  await turns();
  await order.run();
  // Shorter than any deadline, so that a question that a timer begins can be answered in time.
  for (let round = 0; round < 12 || (round < 80 && world.isUnsettled); round++) {
    vi.advanceTimersByTime(400);
    await turns();
    await order.run();
  }
  const isOpen = world.session?.isEnded === false;
  if (isOpen && world.session?.identity?.state === "pending") world.fail("the identity is pending for ever");
  for (const sent of world.sent) {
    if (isOpen && sent.isAccepted && sent.answers === 0) world.fail(`a message \`${sent.action}\` is never answered`);
  }
  world.leave();
  await turns();
  await order.run();
  for (const { what, isSettled } of world.promised) if (!isSettled) world.fail(`still waiting: ${what}`);
  if (world.stage.guard.sessions.size > 0) world.fail("a session is left");
  await world.stage.guard.close();
  return world.broken;
}
