import type { Decision } from "../../decision/decision-types.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { throwAsync } from "../../util/throw-async.js";
import type { GuardRuntime } from "../runtime.js";
import { ConcurrentHandlers } from "./concurrent-handlers.js";
import type { ClientMessage, Connection } from "./connection.js";
import { Drain } from "./drain.js";
import { MessageQueue } from "./message-queue.js";
import type { Transport } from "./transport.js";

/** Marks a message that has not reached its listeners yet. */
export const FLUSHING = Symbol("flushing");

/** The condition that the next message must wait for. */
export type Until = Promise<unknown> | typeof FLUSHING;

/** A message of unknown size would pass every limit, or none. */
function checkSize({ bytes }: ClientMessage): void {
  if (bytes >= 0) return;
  throw new PermissionMisuse(`receive() got ${bytes} as \`bytes\`: give the size of the message on the wire`);
}

/**
 * The flow of the messages of one connection: their order, their queue, backpressure, and the drain at the end.
 *
 * Methods are `private` and not `#private`, which costs each object 8 bytes. So it is in the classes that extend this one.
 */
export abstract class MessageFlow<M extends ClientMessage> {
  #queue: MessageQueue<M> | undefined;
  /** The number of messages whose object is being loaded or checked, and of renewals, beside the queue. */
  protected loading = 0;
  protected concurrent: ConcurrentHandlers | undefined;
  #isBusy = false;
  /** True when no message is decided until the client has read its answers (backpressure). */
  #isBlocked = false;
  /** True when backpressure alone keeps the session busy. */
  #isParked = false;
  /** True when a handler keeps the session busy, and not a decision. */
  #isHandling = false;
  /** True while the last message has not reached its listeners. */
  #isFlushing = false;
  #isEnded = false;
  /** True when the client has sent a message since it was last authenticated. */
  protected isActive = false;
  #drains: Set<Drain> | undefined;
  constructor(
    protected readonly runtime: GuardRuntime,
    protected readonly connection: Connection<M>,
  ) {}

  protected abstract readonly transport: Transport<M>;
  /** False when the transport is paused for a full queue alone. */
  protected abstract readonly holdsWhileBusy: boolean;
  /** Decides a message, and delivers or refuses it. Returns the condition that the next message must wait for. */
  protected abstract process(message: M): Until | undefined;
  abstract refuse(message: M, refusal: Decision): void;
  /** Counts an undecodable message. Closes the connection of a client that sends too many, and returns true. */
  protected abstract closeViolator(): boolean;
  abstract close(code?: number, reason?: string): void;
  abstract reportFault(message: Pick<ClientMessage, "action">, error: unknown, by: string): void;

  /** True when the connection has ended. No message of it reaches a handler any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** False once messages are dropped, because the connection has ended or is about to end. */
  get isAccepting(): boolean {
    return !this.isEnded && this.#drains === undefined;
  }

  /** Takes a message from the transport. Messages are decided and delivered in the order of arrival. */
  receive(message: M): void {
    if (!this.isAccepting) return;
    checkSize(message);
    this.isActive = true;
    if (message.refusal?.code === "bad_message" && this.closeViolator()) return;
    if (this.#isBusy) return void this.enqueue(message);
    // INVARIANT: busy before the first rule runs, so that a close meanwhile waits until the message is answered.
    this.#isBusy = true;
    let until: Until | undefined;
    try {
      until = this.process(message);
    } finally {
      if (until === undefined) this.finish();
    }
    if (until === undefined) return;
    if (this.holdsWhileBusy) this.transport.pause();
    this.wait(until);
  }

  /**
   * Accepts no more messages. Calls back once all accepted ones are decided and delivered, after at most `limits.drain`.
   * With `withHandlers` it also waits for the end of served handlers.
   */
  drain(whenDrained: () => void, withHandlers = false): void {
    this.#drains ??= new Set();
    new Drain(this.#drains, this.runtime.limits.drain, withHandlers, whenDrained);
    this.settleDrains();
  }

  /** Queues messages until `unblock`, because the client does not read. Running handlers continue, and may answer. */
  block(): void {
    this.#isBlocked = true;
    if (this.#isBusy || this.#isEnded) return;
    this.#isBusy = this.#isParked = true;
    this.transport.pause();
  }

  unblock(): void {
    this.#isBlocked = false;
    this.admitConcurrent();
    if (!this.#isParked) return;
    this.#isParked = false;
    this.advance();
  }

  /** Drops the queue. No message is decided any more. */
  protected stop(): void {
    this.#isEnded = true;
    this.#queue?.clear();
    this.#queue = undefined;
    this.concurrent?.settle(false);
  }

  /** Ends the drains whose messages are processed. */
  protected settleDrains(): void {
    for (const drain of this.#drains ?? []) if (this.#isEnded || this.isThrough(drain)) drain.expire();
  }

  /** Runs a handler beside the queue, or else as the condition that the next message must wait for. */
  protected run(handling: Promise<unknown>, isConcurrent: boolean): Promise<unknown> | undefined {
    if (!isConcurrent) {
      this.#isHandling = true;
      this.settleDrains();
      return handling;
    }
    this.concurrent ??= new ConcurrentHandlers(this.runtime.limits.concurrent);
    this.concurrent.run(handling, () => {
      this.admitConcurrent();
      this.settleDrains();
    });
    return undefined;
  }

  private admitConcurrent(): void {
    if (!this.#isBlocked) this.concurrent?.settle(true);
  }

  private wait(until: Until): void {
    if (until === FLUSHING) {
      this.#isFlushing = true;
      this.transport.flush(() => {
        this.#isFlushing = false;
        this.advance();
      });
      return;
    }
    until.then(
      (next) => (next === FLUSHING ? this.wait(FLUSHING) : this.advance()),
      (error: unknown) => {
        throwAsync(error);
        this.advance();
      },
    );
    this.countQueued();
  }

  /** Ends a message that was processed synchronously. The session is idle then, unless others have arrived meanwhile. */
  private finish(): void {
    if (this.#isBlocked || this.#queue?.isEmpty === false) {
      this.transport.pause();
      this.advance();
    } else {
      this.#isBusy = false;
      if (this.#drains) this.settleDrains();
    }
  }

  /** Processes the queue. INVARIANT: busy until it is empty, so that an arriving message does not overtake it. */
  private advance(): void {
    this.#isHandling = false;
    while (!this.#isBlocked) {
      const message = this.#queue?.take();
      if (message === undefined) break;
      try {
        const until = this.process(message);
        if (until) {
          this.wait(until);
          return;
        }
      } catch (error) {
        throwAsync(error);
      }
    }
    this.#isBusy = this.#isParked = this.#isBlocked && !this.#isEnded;
    if (this.#isEnded) return;
    if (this.#isParked) this.countQueued();
    else {
      this.#queue?.forgetExcess();
      this.transport.resume();
    }
    this.settleDrains();
  }

  private isThrough({ withHandlers }: Drain): boolean {
    const isEmpty = this.#queue?.isEmpty !== false;
    const isQuiet = !this.#isBusy || (this.#isParked && isEmpty);
    if (this.loading > 0) return false;
    return withHandlers ? isQuiet && !this.concurrent?.running : isQuiet || (this.#isHandling && isEmpty);
  }

  private enqueue(message: M): void {
    this.#queue ??= new MessageQueue(this.runtime.limits, this.holdsWhileBusy ? this.transport : this.transport.held);
    if (this.#isFlushing) return void this.#queue.append(message);
    const excess = this.#queue.add(message);
    // 1013 (try again later, IANA registry of close codes), because an honest client may come back.
    if (excess === "flood") this.close(1013, "too many messages");
    else if (excess) this.refuse(message, excess);
  }

  /** Counts the messages that waited for a flush only. They wait longer from now on, so the limits apply to them. */
  private countQueued(): void {
    if (!this.#queue?.hasUncounted) return;
    for (const message of this.#queue.takeUncounted()) if (!this.#isEnded) this.enqueue(message);
  }
}
