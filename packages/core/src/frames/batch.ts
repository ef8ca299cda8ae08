import type { Frame } from "../codecs/codec.js";
import { BATCH_REFUSED, BATCH_STALE } from "../guard/refusal.js";
import type { Session } from "../guard/session/session.js";
import type { DecodedMessage, FrameBatch } from "./decoded-message.js";

/** The connection of a batch. */
export interface BatchConnection<M extends DecodedMessage> {
  readonly session: Pick<Session<M>, "receive" | "refuse" | "isAccepting" | "isEnded" | "epoch">;
  /** Bytes of answers that are kept until the last request is answered. More are sent before. */
  readonly unread: number;
  send(frame: Frame): void;
  /** Joins answers. One frame, or one for each answer. */
  join(answers: readonly Frame[]): readonly Frame[];
}

/**
 * A frame that holds several requests. They wait in the queue of the session and are judged one by one. Their answers
 * are sent together, once the last request is answered. A guard delivers the frame when all its requests are allowed;
 * otherwise it refuses the allowed ones too.
 */
export class Batch<M extends DecodedMessage> implements FrameBatch {
  readonly #messages: readonly M[];
  readonly #connection: BatchConnection<M>;
  /** The answers that are not sent yet. */
  readonly #answers = new Map<DecodedMessage, Frame>();
  #bytes = 0;
  /** The requests that are answered, or need no answer. */
  readonly #settled = new Set<DecodedMessage>();
  /** The requests that wait for the others, to be delivered with them. */
  #allowed: M[] = [];
  isRefused = false;
  /** The authorization under which the first of them was allowed. */
  #epoch = 0;

  /** Passes the requests of one frame to the session. */
  static receive<M extends DecodedMessage>(messages: readonly M[], connection: BatchConnection<M>): void {
    const batch = new Batch(messages, connection);
    for (const message of messages) message.batch = batch;
    // A session that takes no more messages, because a handler before has closed it, answers only those it has taken.
    const { session } = connection;
    for (const message of messages) {
      if (session.isAccepting) session.receive(message);
      else {
        batch.isRefused = true;
        batch.#settle(message);
      }
    }
  }

  private constructor(messages: readonly M[], connection: BatchConnection<M>) {
    this.#messages = messages;
    this.#connection = connection;
  }

  /** INVARIANT: all requests of a frame that is delivered were allowed under one authorization. */
  allow(message: DecodedMessage): boolean {
    const { epoch } = this.#connection.session;
    if (this.#allowed.length === 0) this.#epoch = epoch;
    this.#allowed.push(message as M);
    const areAllowed = this.#allowed.length === this.#messages.length && epoch === this.#epoch;
    if (!areAllowed) this.#settle(message);
    return areAllowed;
  }

  withdraw(message: DecodedMessage): void {
    this.#settle(message);
  }

  /** A later answer to a request is a frame of its own, and the other requests do not hold it up. */
  answer(message: DecodedMessage, frame: Frame | undefined): void {
    if (this.#settled.has(message)) {
      this.#flush();
      if (frame !== undefined) this.#connection.send(frame);
      return;
    }
    if (frame !== undefined) {
      this.#answers.set(message, frame);
      this.#bytes += frame.length;
      if (this.#bytes > this.#connection.unread) this.#flush();
    }
    this.#settle(message);
  }

  #settle(message: DecodedMessage): void {
    const { session } = this.#connection;
    this.#settled.add(message);
    if (this.#settled.size < this.#messages.length || session.isEnded) return;
    const allowed = this.#allowed;
    if (allowed.length === 0) return void this.#flush();
    this.#allowed = [];
    for (const one of allowed) this.#settled.delete(one);
    // Where none was refused, the identity was another one for some of them, or a renewal was among them.
    const refusal = this.isRefused ? BATCH_REFUSED : BATCH_STALE;
    for (const one of allowed) session.refuse(one, refusal);
  }

  /** Sends the answers so far, in the order of the requests. */
  #flush(): void {
    if (this.#answers.size === 0) return;
    const answers = this.#messages.flatMap((message) => this.#answers.get(message) ?? []);
    this.#answers.clear();
    this.#bytes = 0;
    for (const frame of this.#connection.join(answers)) this.#connection.send(frame);
  }
}
