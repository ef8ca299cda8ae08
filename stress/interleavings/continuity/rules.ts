import { definePolicy, deny, PermissionDenied, permission, type SessionIdentity } from "@portcullis/core";
import { defineConsumer, type HandlerContext } from "@portcullis/core/consumer";
import { present, running } from "./clock.js";
import { happen } from "./events.js";
import { expectHandedOn, expectPatience } from "./expectations.js";
import type { MessagePlan } from "./plans.js";
import type { Member, Sent } from "./sent.js";
import type { World } from "./world.js";

/** So often a decision is overtaken at most, so that a fence without an end ends. */
const MOST_REACTIONS = 8;

/** Decisions about one question at most. */
const DECISIONS = 4;

/** A question of the application: its rule answers in a step of its own. */
const QUESTION: MessagePlan = {
  action: "secret",
  isLater: true,
  reaction: undefined,
  reactsIn: "rule",
  reactsAgain: false,
};

/** The rules and handlers of the application. */
export class Rules {
  constructor(readonly world: World) {}

  /** Makes a policy, or a consumer for `serve()`. */
  make(): object {
    const { world } = this;
    const rule = permission(
      "rule",
      ({ payload, scope }) => this.#ask(world.sentOf(payload), scope as never) as boolean,
    );
    const handle = ((context: HandlerContext) => this.#handle(context)) as never;
    if (!world.isServed) return definePolicy({ actions: { plain: rule, secret: rule, beside: rule, loaded: rule } });
    return defineConsumer()
      .action("plain", rule, handle)
      .action("secret", rule, handle)
      .action("beside", rule, { concurrent: true }, handle)
      .action("loaded", rule, { object: () => world.later("object", {}) }, handle);
  }

  /** The application asks about an action of the client by itself. */
  question(): void {
    const { world } = this;
    const { session } = world;
    if (session === undefined) return;
    const asked = world.create("secret", {}, QUESTION);
    const isOver = session.isEnded;
    const answered = Promise.resolve(session.decide(asked.action, asked.payload)).then(({ outcome }) => {
      if (outcome !== "allow") return;
      const { version = 0 } = asked.scope ?? {};
      if (isOver) world.fail("session.decide() allows after the end");
      if (world.isMember && version < asked.demanded)
        world.fail(`session.decide() allows by version ${version} of ${asked.demanded}`);
    });
    world.promise("session.decide()", answered);
  }

  #ask(sent: Sent, scope: Member): unknown {
    const { world } = this;
    const { plan } = sent;
    sent.asked += 1;
    sent.scope = scope;
    sent.askedAt = present();
    if (sent.asked > DECISIONS) world.fail(`the rule is asked ${sent.asked} times`);
    const isReacting = sent.asked === 1 || (plan?.reactsAgain === true && sent.asked < MOST_REACTIONS);
    if (plan?.reactsIn === "rule" && isReacting) this.#react(sent);
    const verdict = sent.action !== "secret" || scope.isAdmin || deny("no_admin");
    if (!plan?.isLater) return verdict;
    world.waits.ask();
    return world.later("rule", verdict, () => {
      sent.demanded = world.application.demanded;
      world.waits.answer();
      world.waits.turn();
    });
  }

  async #handle({ payload, scope, session, reauthorize }: HandlerContext): Promise<void> {
    const { world } = this;
    const sent = world.sentOf(payload);
    expectPatience(world, sent);
    sent.isHandled = true;
    expectHandedOn(world, sent, scope as unknown as Member);
    try {
      if (sent.plan?.reactsIn === "handler") await this.#reactAndReauthorize(sent, { session, reauthorize });
    } finally {
      world.waits.turn();
    }
  }

  async #reactAndReauthorize(
    sent: Sent,
    { session, reauthorize }: Pick<HandlerContext, "session" | "reauthorize">,
  ): Promise<void> {
    const { world } = this;
    this.#react(sent);
    await world.later("handler", undefined);
    // A promise is awaited some turns after it is settled, so the answer holds for what was known at the question.
    const { demanded } = world.application;
    const { isMember } = world;
    const { state } = session.identity as SessionIdentity;
    const since = running();
    // A question of its own, which the fence may repeat as often.
    sent.asked = 0;
    try {
      await reauthorize();
    } catch (error) {
      if (!(error instanceof PermissionDenied)) world.fail("reauthorize() threw something else");
      throw error;
    } finally {
      if (state === "pending" && world.waits.isTooLong(since)) world.fail("reauthorize() has waited too long");
    }
    if (state === "ended") world.fail("reauthorize() allows after the end");
    const { version = 0 } = sent.scope ?? {};
    if (isMember && version < demanded) world.fail(`reauthorize() allows by version ${version} of ${demanded}`);
  }

  #react({ plan }: Sent): void {
    if (plan?.reaction) happen(this.world, plan.reaction);
  }
}
