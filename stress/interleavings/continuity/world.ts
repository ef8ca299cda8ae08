import {
  type Decision,
  definePolicy,
  deny,
  type Payload,
  PermissionDenied,
  permission,
  type SessionIdentity,
} from "@portcullis/core";
import { type ClientMessage, Gate, type ReplyOptions, type Session } from "@portcullis/core/adapter";
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
    readonly plan?: MessagePlan,
  ) {}

  get answers(): number {
    return this.delivered + this.refused + this.replies;
  }
}

const sentOf = (payload: Readonly<Record<string, unknown>>) => payload.about as Sent;

/** One connection with continuity, an application that writes the truth, and what must hold. */
export class World {
  readonly broken: string[] = [];
  readonly messages: Sent[] = [];
  readonly renewals: Sent[] = [];
  readonly promised: { what: string; isSettled: boolean }[] = [];
  readonly revocations = memoryRevocations();
  readonly gate: Gate<string>;
  session: Session | undefined;
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
  ) {
    const rule = permission("rule", ({ payload, scope }) => this.#ask(sentOf(payload), scope as never) as boolean);
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
    const isServed = setup.kind === "serve";
    const consumer = defineConsumer()
      .action("plain", rule, handle as never)
      .action("secret", rule, handle as never)
      .action("beside", rule, { concurrent: true }, handle as never)
      .action("loaded", rule, { object: () => this.#later("object", {}) }, handle as never);
    const policy = definePolicy({ actions: { plain: rule, secret: rule, beside: rule, loaded: rule } });
    this.gate = new Gate<string>(
      isServed ? "serve()" : "guard()",
      isServed ? consumer : policy,
      {
        authenticate: (_client, { renewal }) => this.#authenticate(renewal) as never,
        identify: identify as never,
        onScope: () => this.#recognize(),
        continuity: made,
        timeout: TIMEOUT,
        onDecision: () => {},
      },
      isServed ? (consumer as never) : undefined,
    );
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
    return this.session.identity?.state === "pending" || [...this.messages, ...this.renewals].some(isWaiting);
  }

  fail(text: string): void {
    this.broken.push(text);
  }

  /** Begins the handshake; the steps behind it begin once it is open. */
  begin(): void {
    const evaluation = this.gate.admit(this.#connection());
    for (const event of this.setup.early) this.order.add(event, () => this.happen(event));
    this.order.add("open", async () => {
      const { decision } = await evaluation.result;
      if (decision.outcome !== "allow") return;
      this.order.add("opened", () => {
        if (this.hasLeft) return evaluation.abort();
        this.session = evaluation.open();
        this.#recognize();
        for (const [i, plan] of this.setup.messages.entries()) this.order.add(`message ${i}`, () => this.#send(plan));
        for (const event of this.setup.events) this.order.add(event, () => this.happen(event));
      });
    });
  }

  #connection() {
    const world = this;
    return {
      transport: "test",
      path: "/",
      url: "/",
      headers: {},
      remoteAddress: undefined,
      secure: false,
      connectedAt: 0,
      request: undefined,
      client: "client",
      raw: undefined,
      abort() {},
      pause() {},
      resume() {},
      notify() {},
      deliver(message: ClientMessage) {
        (message as Sent).delivered += 1;
        world.#handsOn(message as Sent, world.session?.scope as unknown as Member);
      },
      sendRefusal(message: ClientMessage, { code }: Decision) {
        const sent = message as Sent;
        sent.refused += 1;
        world.#answers(sent);
        if (sent.action === "renew" && code === "banned") world.isBanned = true;
      },
      reply(message: ClientMessage, _data: unknown, _options: ReplyOptions) {
        (message as Sent).replies += 1;
        world.#answers(message as Sent);
      },
      close() {
        world.closes += 1;
        if (world.closes > 1) world.fail("the transport is closed twice");
      },
    };
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

  #send(plan: MessagePlan): void {
    const { session } = this;
    const payload: Record<string, unknown> = {};
    const sent = new Sent(plan.action, payload, plan);
    payload.about = sent;
    this.messages.push(sent);
    if (session === undefined || session.isEnded || this.hasLeft) return;
    sent.isAccepted = true;
    session.receive(sent);
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
    const sent = sentOf(payload);
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
      this.#renew(event.slice(7) as Token);
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
    this.session?.end();
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

  #renew(token: Token): void {
    const sent = new Sent("renew", { token });
    this.renewals.push(sent);
    if (this.session === undefined || this.session.isEnded) return;
    sent.isAccepted = true;
    this.session.receive(sent);
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
export async function play(setup: Setup, order: Order): Promise<readonly string[]> {
  const world = new World(setup, order);
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
  for (const sent of [...world.messages, ...world.renewals]) {
    if (isOpen && sent.isAccepted && sent.answers === 0) world.fail(`a message \`${sent.action}\` is never answered`);
  }
  world.leave();
  await turns();
  await order.run();
  for (const { what, isSettled } of world.promised) if (!isSettled) world.fail(`still waiting: ${what}`);
  if (world.gate.sessions.size > 0) world.fail("a session is left");
  await world.gate.close();
  return world.broken;
}
