import type { Frame } from "../codecs/codec.js";
import type { Decision } from "../decision/decision-types.js";
import type { Limits } from "../guard/limits.js";
import type { RefusalReport } from "../guard/refused.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import { mostRequests } from "../guard/session/message-queue.js";
import type { Session } from "../guard/session/session.js";
import type { Scope } from "../types.js";
import { Batch, type BatchConnection } from "./batch.js";
import { decodeFrame, type FrameSource } from "./decode-frame.js";
import { DecodedMessage } from "./decoded-message.js";
import { encodeNotice, encodeRefusal, encodeReply, joinAnswers } from "./encode.js";
import type { ReadFrameOptions } from "./frame-options.js";

/** The guard of a connection, with the options of its frames. */
export interface FrameGuard extends ReadFrameOptions {
  readonly gate: {
    readonly limits: Required<Limits>;
    hint(refusal: RefusalReport): void;
  };
}

/** The sender of a connection, which counts the unread bytes. */
interface ExchangeOutgoing {
  send(frame: Frame | undefined): void;
}

/**
 * The frames of one open connection: decodes the requests in them, and sends the answers. It is the context that `decode`
 * of a codec gets. Methods are `private` and not `#private`, which costs each object 8 bytes.
 */
export class FrameExchange<Raw> implements BatchConnection<DecodedMessage<Raw>>, FrameSource {
  readonly session: Session<DecodedMessage<Raw>>;
  readonly #guard: FrameGuard;
  readonly #outgoing: ExchangeOutgoing;

  constructor(session: Session<DecodedMessage<Raw>>, guard: FrameGuard, outgoing: ExchangeOutgoing) {
    this.session = session;
    this.#guard = guard;
    this.#outgoing = outgoing;
  }

  get scope(): Scope {
    return this.session.scope;
  }

  get mostRequests(): number {
    return mostRequests(this.#guard.gate.limits);
  }

  /**
   * Passes the requests of a frame to the session.
   *
   * @param frame The frame; `undefined` when the transport could not read it.
   * @param bytes Size on the wire.
   * @param raw The frame as the listeners of the transport get it.
   * @returns The number of requests.
   */
  receive(frame: Frame | undefined, bytes: number, raw: Raw): number {
    const { session } = this;
    const isBinary = typeof frame !== "string";
    const read = decodeFrame(this.#guard.codec, frame, this);
    if (!Array.isArray(read)) {
      session.receive(new DecodedMessage(read as never, bytes, raw, isBinary));
      return 1;
    }
    // The first one counts the bytes of the frame, and each of them counts as a message.
    const messages = read.map((request, at) => new DecodedMessage(request, at === 0 ? bytes : 0, raw, isBinary));
    Batch.receive(messages, this);
    return messages.length;
  }

  /**
   * Answers a refused request.
   *
   * @throws The error of the transport, and that of a decision that cannot be serialized at all.
   */
  refuse(message: DecodedMessage<Raw>, decision: Decision): void {
    const frame = encodeRefusal(this.#guard, message, decision, (error) => this.report(message, error));
    if (frame === undefined) {
      const { action, request: unanswered } = message;
      this.#guard.gate.hint({ action, decision, scope: this.session.scope, unanswered });
    }
    if (message.batch) message.batch.isRefused = true;
    this.answer(message, frame);
  }

  /**
   * Sends the answer of a handler.
   *
   * @throws The error of the codec or of the transport.
   */
  reply(message: DecodedMessage<Raw>, data: unknown, options: ReplyOptions): void {
    this.answer(message, encodeReply(this.#guard.codec, message, data, options));
  }

  /**
   * Sends a frame that answers no request.
   *
   * @throws The error of the codec or of the transport.
   */
  notify(event: string, data: object): void {
    this.#outgoing.send(encodeNotice(this.#guard.codec, event, data));
  }

  get unread(): number {
    return this.#guard.gate.limits.unread;
  }

  send(frame: Frame): void {
    this.#outgoing.send(frame);
  }

  join(answers: readonly Frame[]): readonly Frame[] {
    return joinAnswers(this.#guard.codec, answers, (error) => this.report({ action: "" }, error));
  }

  private answer(message: DecodedMessage<Raw>, frame: Frame | undefined): void {
    if (message.batch) message.batch.answer(message, frame);
    else this.#outgoing.send(frame);
  }

  private report(message: Pick<DecodedMessage, "action">, error: unknown): void {
    this.session.reportFault(message, error, "codec");
  }
}
