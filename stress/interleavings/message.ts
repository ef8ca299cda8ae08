import { abstain, deny, fault } from "@portcullis/core";
import type { ClientMessage } from "@portcullis/core/adapter";
import type { HandlerContext } from "@portcullis/core/consumer";
import { answer, CODES, type MessagePlan, type Verdict } from "./plans.js";
import { type Asked, TIMEOUT } from "./rules.js";
import type { Scenario } from "./scenario.js";

/** One message of the client, with all that has become of it. */
export class Message implements ClientMessage, Asked {
  readonly action: string;
  readonly payload = { about: this };
  readonly bytes = 10;
  /** True when the message reached the session while that accepted messages. */
  isAccepted = false;
  /** True when the message was refused because the queue was full. */
  isExcess = false;
  isDelivered = false;
  isFlushed = false;
  isDecided = false;
  isRefused = false;
  replies = 0;
  isHandled = false;
  isHandling = false;
  version: number | undefined;
  /** Times at which the rule and the object check were answered, before their deadlines. */
  #ruleSettledAt: number | undefined;
  #objectSettledAt: number | undefined;
  #askedAt: number | undefined;
  #objectAskedAt: number | undefined;

  constructor(
    readonly world: Scenario<Message>,
    readonly index: number,
    readonly plan: MessagePlan,
  ) {
    this.action = plan.action;
  }

  get isAsked(): boolean {
    return this.version !== undefined;
  }

  get isBeside(): boolean {
    return this.world.isServed && this.action === "beside";
  }

  get isAnswered(): boolean {
    return this.isDelivered || this.isRefused || this.replies > 0;
  }

  /** True when the next message may be decided. */
  get isThrough(): boolean {
    if (!this.isAccepted || this.isExcess || this.isRefused) return true;
    if (!this.world.isServed) return this.isDelivered && (this.isFlushed || this.world.setup.kind === "guard");
    return this.isBeside ? this.isHandled : this.isAnswered && !this.isHandling;
  }

  /** True when the message was forwarded to the application, or is refused. */
  get isHandedOn(): boolean {
    return this.isDelivered || this.isHandled || this.isLate || this.expected !== "allowed";
  }

  /** True when the rule has answered, or its deadline is over. */
  get isRuleOver(): boolean {
    return this.#ruleSettledAt !== undefined || this.isLate;
  }

  /** True when the message waits for a handler that never ends. */
  get isHanging(): boolean {
    return this.isHandling && this.plan.handler === "hangs";
  }

  /** The code it is to be answered with. */
  get expected(): string {
    const { rule, object, handler } = this.plan;
    if (rule.verdict !== "allow") return CODES[rule.verdict];
    if (!this.world.isServed) return "allowed";
    if (this.action === "loaded" && object.verdict !== "allow") return LOADED[object.verdict];
    if (handler === "throws" || handler === "rejects later") return "handler_error";
    const asksObject = handler.endsWith("object") && this.action === "plain";
    return asksObject && object.verdict !== "abstain" ? CODES[object.verdict] : "allowed";
  }

  /** True when the answer may be a timeout. */
  get isLate(): boolean {
    const now = Date.now();
    return (
      (this.#askedAt !== undefined && now - this.#askedAt >= TIMEOUT.action) ||
      (this.#objectAskedAt !== undefined && now - this.#objectAskedAt >= TIMEOUT.object)
    );
  }

  askConnect(): unknown {
    return false;
  }

  askAction(version: number, scope: unknown, signal: AbortSignal): unknown {
    const { world, index, plan } = this;
    this.version = version;
    world.asked(this, version, scope, signal);
    if (plan.reaction?.at === "rule") world.happen(plan.reaction.does);
    // Whatever has passed while the rule itself ran is before it is waited for.
    this.#askedAt = Date.now();
    return answer(world.order, `answer ${index}`, plan.rule, () => {
      this.#ruleSettledAt = Date.now();
      world.settles(signal, plan.rule.isLater);
    });
  }

  /** INVARIANT: after the decision nothing more is asked. */
  goesOn(): void {
    const { world, plan, index } = this;
    if (!plan.rule.isLater) return;
    if (world.session?.isEnded) world.fail(`the next rule was asked about message ${index} after the end`);
    const isOver = Date.now() - (this.#askedAt ?? 0) >= TIMEOUT.action;
    if (isOver) world.fail(`the next rule was asked about message ${index} after the deadline`);
  }

  askObject(signal: AbortSignal): unknown {
    return this.#askObject(signal, undefined);
  }

  load(signal: AbortSignal): unknown {
    return this.#askObject(signal, loaded);
  }

  #askObject(signal: AbortSignal, value: ((verdict: Verdict) => unknown) | undefined): unknown {
    this.#objectAskedAt = Date.now();
    this.world.watch(signal);
    return answer(
      this.world.order,
      `object ${this.index}`,
      this.plan.object,
      () => {
        this.#objectSettledAt = Date.now();
        this.world.settles(signal, this.plan.object.isLater);
      },
      value,
    );
  }

  /** It was let through to the application: says what speaks against that. */
  get objection(): string | undefined {
    const { rule, object } = this.plan;
    if (rule.verdict !== "allow") return "its rule does not allow it";
    if (!isInTime(this.#askedAt, this.#ruleSettledAt, TIMEOUT.action)) return "its rule had not answered in time";
    if (!this.world.isServed || this.action !== "loaded") return undefined;
    if (object.verdict !== "allow") return "its object is not allowed";
    const isKnown = isInTime(this.#objectAskedAt, this.#objectSettledAt, TIMEOUT.object);
    return isKnown ? undefined : "its object was not known in time";
  }

  handle(version: number, context: HandlerContext): unknown {
    const { world, plan, index } = this;
    const { reaction, handler } = plan;
    world.handles(this, version, context.signal);
    this.isHandled = true;
    this.isHandling = true;
    if (reaction?.at === "handler") world.happen(reaction.does);
    if (handler === "returns" || handler === "throws") {
      this.isHandling = false;
      if (handler === "throws") throw new Error("planned");
      return index;
    }
    return this.#handleLater(context).finally(() => {
      this.isHandling = false;
    });
  }

  async #handleLater({ action, reply, authorize }: HandlerContext): Promise<unknown> {
    const { handler } = this.plan;
    const check = () => authorize(action, undefined, { object: {} });
    if (handler === "hangs") await new Promise(() => {});
    else if (handler === "asks about an object") await check();
    else if (handler === "lets go of an object") {
      void check();
      if (this.index % 2 === 1) reply(this.index);
    } else if (handler === "passes over an object") await passOver(check);
    else if (handler === "replies twice") {
      reply(this.index);
      await this.#later();
      reply(this.index);
    } else {
      if (handler === "replies, then throws") reply(this.index);
      await this.#later();
      if (handler === "rejects later" || handler === "replies, then throws") throw new Error("planned");
    }
    return this.index;
  }

  #later(): Promise<void> {
    return new Promise((resolve) => this.world.order.add(`handler ${this.index}`, resolve));
  }
}

async function passOver(check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch {
    // Its refusal counts all the same.
  }
}

const LOADED: Readonly<Record<Verdict, string>> = { ...CODES, abstain: "not_found" };

function loaded(verdict: Verdict): unknown {
  if (verdict === "throw") throw new Error("planned");
  if (verdict === "deny") return deny("not_now");
  if (verdict === "fault") return fault("too_busy");
  if (verdict === "abstain") return null;
  return verdict === "allow" ? {} : abstain();
}

/** An answer counts until its deadline, whether or not a timer has said so by then. */
function isInTime(since: number | undefined, until: number | undefined, limit: number): boolean {
  return since !== undefined && until !== undefined && until - since < limit;
}
