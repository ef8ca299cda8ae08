import type { IncomingMessage } from "node:http";
import type { Connection, HandshakeEvaluation } from "@portcullis/core/adapter";
import type { Frame } from "@portcullis/core/codecs";
import { FrameExchange } from "@portcullis/core/frames";
import type { RawData } from "ws";
import { closeSoon, drainSession, emitClose } from "./close.js";
import { type FairShare, fairShareOf } from "./fair-scheduling.js";
import { FirstMessage } from "./first-message.js";
import type { GuardContext } from "./guard-context.js";
import { type Message, textOf, toBuffer } from "./message.js";
import { Outgoing, type OutgoingTarget } from "./outgoing.js";
import { NOT_READING, type PausableSocket, ReadPause } from "./read-pause.js";
import { WsHandshake } from "./ws-handshake.js";
import { ABNORMAL_CLOSURE, type BareSocket, CLOSED, OPEN } from "./ws-internals.js";

/**
 * One client of a guarded server. It is a handshake first, and from `open` on the connection of a session. Methods are
 * `private` and not `#private`, which costs each object 8 bytes.
 */
export class WsConnection
  extends WsHandshake
  implements Connection<Message, IncomingMessage>, OutgoingTarget, PausableSocket
{
  raw: BareSocket | undefined;
  isPausedByApplication = false;
  wantsBlobs = false;
  fairShare: FairShare | undefined;
  /** Set while the first message waits for a listener. The session decides the next message after that. */
  flush: ((whenFlushed: () => void) => void) | undefined;
  readonly #context: GuardContext;
  #outgoing: Outgoing | undefined;
  #readPause: ReadPause | undefined;
  /** True while a decision or a handler is pending. */
  #isDeciding = false;
  /** True until a `message` listener is added, or the first message is emitted without one. */
  #isUnheard = false;
  #first: FirstMessage | undefined;
  #isClosing = false;

  constructor(context: GuardContext, request: IncomingMessage) {
    super(request);
    this.#context = context;
  }

  get isPaused(): boolean {
    return this.#readPause?.isPaused === true;
  }

  /** Handles the open event of the socket. Nothing was read from it before. */
  open(socket: BareSocket): void {
    const { gate, frames, isFair } = this.#context;
    this.raw = socket;
    if (isFair) this.fairShare = fairShareOf(socket);
    this.session = (this.evaluation as HandshakeEvaluation<Message, IncomingMessage>).open();
    this.evaluation = undefined;
    this.exchange = new FrameExchange(this.session, frames, this);
    this.#isUnheard = !gate.served && socket.listenerCount("message") === 0;
  }

  noteListener(): void {
    if (this.#context.gate.served) {
      this.#context.gate.hintOnce(
        '`ws.on("message")` hears nothing behind serve(), which gives messages to the handlers of the consumer: make it an action, or use guard()',
      );
    }
    this.#isUnheard = false;
    this.#first?.listen();
    this.#first = undefined;
  }

  /** Receives a message from the socket. Returns false when it is dropped. */
  receive(data: RawData, isBinary: boolean): boolean {
    const { session } = this;
    if (session === undefined || session.isEnded) return false;
    if (this.isBroken) {
      session.end();
      return false;
    }
    const { isPing, options, gate } = this.#context;
    if (isPing?.(data, isBinary)) {
      // A client with too many unread answers gets no pong, which would only wait behind them.
      if (!this.#readPause?.has(NOT_READING)) this.send(options.codec.heartbeat?.pong);
      return true;
    }
    if (this.#isDeciding) this.pauseReading().pauseWhileDeciding(gate.timeouts.action);
    const bytes = toBuffer(data);
    const count = this.exchange?.receive(isBinary ? bytes : textOf(bytes), bytes?.length ?? 0, data) ?? 1;
    // The frame itself is counted already.
    if (count > 1) this.fairShare?.take(count - 1);
    return true;
  }

  /**
   * Handles a call of `close()` by ws or by the application. The answer to the client's close frame is deferred until
   * all earlier messages are decided, so that a listener can still answer the last one.
   *
   * @returns True when `close` is called later.
   */
  deferClose(close: () => void): boolean {
    const { session } = this;
    const { readyState, _closeFrameReceived: isAnswer } = this.raw as BareSocket;
    if (isAnswer !== true || readyState !== OPEN || this.#isClosing || session?.isEnded !== false) return false;
    this.#isClosing = true;
    const isLater = drainSession(session, {
      // By then, handlers that await nothing but promises have answered.
      whenDrained: (isDeferred) => isDeferred && setImmediate(close),
    });
    const { served } = this.#context.gate;
    if (!isLater && served) setImmediate(close);
    return isLater || served !== undefined;
  }

  /**
   * Handles the close event of the socket.
   *
   * @returns True when the event is emitted later, once all messages are decided.
   */
  handleClose(closing: readonly unknown[]): boolean {
    const { session } = this;
    this.#readPause?.cancelTimeout();
    if (closing[0] === ABNORMAL_CLOSURE) session?.end();
    if (session === undefined || session.isEnded) {
      this.#first?.drop();
      return false;
    }
    return drainSession(session, {
      whenDrained: (isLater) => {
        session.end();
        if (isLater) emitClose(this.#context.bare, this.raw, closing);
      },
      meanwhile: () => this.#outgoing?.discard(),
    });
  }

  /** Handles the error event of the socket. Returns true when it has no listener, so that emitting it would throw. */
  handleError(): boolean {
    if (this.raw?.readyState !== OPEN) this.session?.end();
    return this.raw?.listenerCount("error") === 0;
  }

  deliver(message: Message): void {
    if (message.batch?.allow(message) === false) return;
    if (this.#isUnheard) this.keepFirst(message);
    else this.deliverFrame(message);
  }

  send(frame: Frame | undefined): void {
    this.#outgoing ??= new Outgoing(this.#context.gate.limits.unread, this);
    this.#outgoing.send(frame);
  }

  pause(): void {
    this.#isDeciding = true;
  }

  resume(): void {
    this.#isDeciding = false;
    this.#readPause?.resumeDecided();
  }

  /** Applies backpressure to a client that does not read its answers. It is not read either, and its messages wait. */
  block(): void {
    this.pauseReading().pause(NOT_READING);
    this.session?.block();
  }

  unblock(): void {
    this.#readPause?.resume(NOT_READING);
    this.session?.unblock();
  }

  close(code: number, reason: string): void {
    this.#first?.drop();
    this.#readPause?.stop();
    this.#context.bare.resume.call(this.raw as BareSocket);
    closeSoon(this.raw as BareSocket, code, reason);
  }

  whenGone(callback: () => void): void {
    if (this.raw?.readyState === CLOSED) callback();
    else this.raw?.once("close", callback);
  }

  private pauseReading(): ReadPause {
    this.#readPause ??= new ReadPause(this, this.#context.bare);
    return this.#readPause;
  }

  /** Holds the first message until a listener is added. The messages after it wait in the session. */
  private keepFirst(message: Message): void {
    const { options, warnUnheard } = this.#context;
    const { session } = this;
    const epoch = session?.epoch;
    const first = new FirstMessage(options.listenerGrace, (hasListener) => {
      this.#isUnheard = false;
      if (session?.isEnded) return;
      if (!hasListener) warnUnheard();
      if (epoch === session?.epoch) this.deliverFrame(message);
      else if (message.batch) message.batch.withdraw(message);
      else void session?.decideAgain({ message });
    });
    this.#first = first;
    this.flush = (whenFlushed) => {
      this.flush = undefined;
      first.whenHandedOn(whenFlushed);
    };
  }

  private deliverFrame({ raw: data, isBinary }: Message): void {
    const value = this.wantsBlobs && isBinary ? new Blob([data as Buffer]) : data;
    this.#context.bare.emit.call(this.raw, "message", value, isBinary);
  }
}
