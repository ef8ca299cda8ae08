import type { Decision } from "@portcullis/core";
import type { Connection, Session } from "@portcullis/core/adapter";
import { TestHandshake } from "../../packages/core/test/connection.js";
import type { Message } from "./message.js";
import type { Scenario } from "./scenario.js";

/** The scenario of a wire. It is asked what the wire may be told. */
export interface WireWorld extends Scenario<Message> {
  readonly session: Pick<Session, "isEnded" | "signal"> | undefined;
  /** Number of errors that listeners have thrown. */
  thrown: number;
  /** True while a guard that closes still waits for its sessions. */
  readonly isDrainInTime: boolean;
  /** Notes a message that is answered out of turn. */
  expectTurn(message: Message): void;
  /** Notes accepted messages that are not answered; with `withHandlers` also handlers that still run. */
  expectHandedOn(when: string, withHandlers?: boolean): void;
}

/** A transport that only looks whether it may be told what it is told. */
export class Wire extends TestHandshake implements Connection<Message, string> {
  isPaused = false;
  closes = 0;

  constructor(protected readonly world: WireWorld) {
    super();
    this.message = { about: world };
  }

  override abort(): void {
    this.world.happen("the server closes");
  }

  deliver(message: Message): void {
    const { index, objection, plan, isAnswered } = message;
    const { world } = this;
    this.#expectOpen(`delivered ${index}`);
    if (objection) world.fail(`message ${index} was delivered, and ${objection}`);
    if (isAnswered) world.fail(`message ${index} was delivered, and was answered already`);
    world.expectTurn(message);
    message.isDelivered = true;
    if (plan.reaction?.at === "handler") world.happen(plan.reaction.does);
    if (plan.handler === "throws") {
      world.thrown += 1;
      // Then nothing of it is on its way.
      message.isFlushed = true;
      throw new Error("planned");
    }
  }

  sendRefusal(message: Message, { code }: Decision): void {
    const { index, expected, isAnswered, isLate } = message;
    const { world } = this;
    this.#expectOpen(`refused ${index}`);
    if (isAnswered) world.fail(`message ${index} was refused, and was answered already`);
    message.isRefused = true;
    if (code === "too_many_pending") message.isExcess = true;
    else {
      world.expectTurn(message);
      if (code !== expected && !(code === "permission_timeout" && isLate)) {
        world.fail(`message ${index} was refused with ${code} instead of ${expected}`);
      }
    }
  }

  reply(message: Message, data: unknown): void {
    const { index, expected, objection, isRefused, plan, replies } = message;
    const { world } = this;
    this.#expectOpen(`replied to ${index}`);
    if (objection) world.fail(`message ${index} was replied to, and ${objection}`);
    if (expected !== "allowed") world.fail(`message ${index} was replied to instead of ${expected}`);
    if (isRefused) world.fail(`message ${index} was replied to, and was refused already`);
    if (replies === (plan.handler === "replies twice" ? 2 : 1)) world.fail(`message ${index} was replied to again`);
    if (data !== index) world.fail(`message ${index} was replied to with ${data}`);
    if (replies === 0) world.expectTurn(message);
    message.replies += 1;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.#expectOpen("resumed");
    this.isPaused = false;
  }

  close(_code: number, reason: string): void {
    const { world } = this;
    this.closes += 1;
    if (this.closes > 1) world.fail("closed twice");
    if (!world.session?.isEnded) world.fail("closed, and the session has not ended");
    if (!world.session?.signal.aborted) world.fail("closed, and the signal is not aborted");
    if (reason === "going away" && world.isDrainInTime) world.expectHandedOn("the guard closed", true);
  }

  #expectOpen(what: string): void {
    if (this.world.session?.isEnded) this.world.fail(`${what} after the end`);
  }
}

/** One that hands on later. */
export class FlushingWire extends Wire {
  #delivered: Message | undefined;

  override deliver(message: Message): void {
    if (this.#delivered) this.world.fail(`message ${message.index} was delivered before the last was through`);
    super.deliver(message);
    this.#delivered = message;
  }

  flush(whenFlushed: () => void): void {
    const message = this.#delivered;
    if (message === undefined) this.world.fail("flushed nothing");
    this.world.order.add(`flush ${message?.index}`, () => {
      this.#delivered = undefined;
      if (message) message.isFlushed = true;
      whenFlushed();
    });
  }
}
