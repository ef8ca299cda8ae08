import type { IncomingMessage } from "node:http";
import type { Consumer, Decision, Scope } from "@portcullis/core";
import {
  type BackpressureTarget,
  type Carrier,
  type Connection,
  ConnectionConsumer,
  decisionFromError,
  type Gate,
  type Handshake,
  type HandshakeEvaluation,
  type HandshakeResult,
  HandshakeScope,
  OutgoingBudget,
  publicIssues,
  publicRefusal,
  type ReplyOptions,
  type Session,
  Timeout,
  throwAsync,
} from "@portcullis/core/adapter";
import type { RawData } from "ws";
import { closeSoon } from "./close.js";
import { type Codec, type Frame, frameOf } from "./codecs/codec.js";
import { FirstMessage } from "./first-message.js";
import type { BareSocket } from "./guarded-socket.js";
import { type Message, readMessage } from "./message.js";
import { type Parser, parserOf } from "./parser.js";
import { WsHandshake } from "./scope.js";
import { type Turns, takeTurns } from "./fair-scheduling.js";

const OPEN = 1;
const CLOSED = 3;
/** A client does not read what it is answered: it may try again later (RFC 6455, section 7.4.1). */
const TRY_AGAIN = 1013;
/** What ws says of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

/** Why a socket is held back, beside what the application wants. */
const DECIDING = 1;
const NOT_READING = 2;

/** What all connections of one server share. */
export interface GuardContext {
  readonly gate: Gate<IncomingMessage>;
  readonly codec: Codec;
  /** Tells the pings of the codec's heartbeat. */
  readonly isPing: ((data: RawData, isBinary: boolean) => boolean) | undefined;
  /** The methods of a socket behind the gate. */
  readonly bare: BareSocket;
  /** How long the first message waits until somebody listens. */
  readonly listenerGrace: number;
  /** Says, once, that a message was allowed and nobody listened. */
  readonly sayUnheard: () => void;
  /** Whether the sockets of this server take turns. */
  readonly turns: boolean;
}

/** One client: first its handshake, then what its session needs of the socket. */
export class WsConnection
  extends WsHandshake
  implements Handshake<IncomingMessage>, Connection<Message>, Carrier, BackpressureTarget
{
  readonly consumer: Consumer;
  socket: BareSocket | undefined;
  session: Session<Message> | undefined;
  admission: HandshakeEvaluation<IncomingMessage> | undefined;
  /** Set where it was closed before it was open. */
  isUnwanted = false;
  isPausedByApplication = false;
  wantsBlobs = false;
  /** Counts what is handed on of a socket that takes turns. */
  turns: Turns | undefined;
  /** Set while the first message waits for a listener: the next is not decided before. */
  flush: ((whenFlushed: () => void) => void) | undefined;
  readonly #front: GuardContext;
  readonly #budget: OutgoingBudget;
  /** What all answers so far count in the budget, and those that ws has handed on. */
  #sent = 0;
  #flushed = 0;
  #admitted: HandshakeResult | undefined;
  /** Whether a decision, or a handler that is served, is under way. */
  #isDeciding = false;
  #holds = 0;
  /** `undefined` before it is held, `null` where it cannot be. */
  #parser: Parser | null | undefined;
  /** Whether nobody has listened yet, and the first message is still to come. */
  #isUnheard = false;
  #first: FirstMessage | undefined;
  /** Until when a socket is held back for a decision or a handler that may never end. */
  #patience: Timeout | undefined;
  /** Whether that is over, and nothing waits less since. */
  #isImpatient = false;
  /** Whether the client has begun to close. */
  #isConcluding = false;

  constructor(front: GuardContext, request: IncomingMessage) {
    super(request);
    this.#front = front;
    this.#budget = new OutgoingBudget(front.gate.limits.unread, this);
    this.consumer = new ConnectionConsumer(this);
  }

  scope(extra: Readonly<Record<string, unknown>>): Scope {
    return new HandshakeScope(this, extra);
  }

  /** The handshake was answered with yes: what it was asked about is kept for the socket. */
  admit(admitted: HandshakeResult): void {
    this.#admitted = admitted;
  }

  abandon(): void {
    this.isUnwanted = true;
    this.admission?.abort();
  }

  /** Whether nobody is there to be answered. */
  get isGone(): boolean {
    const { socket } = this.request;
    return this.isUnwanted || socket.destroyed || socket.readableEnded;
  }

  get isHeld(): boolean {
    return this.#holds !== 0;
  }

  /** The socket is open, and nothing was read from it yet. */
  open(socket: BareSocket): void {
    const { gate, turns } = this.#front;
    this.socket = socket;
    if (turns) this.turns = takeTurns(socket);
    this.session = gate.open(this, this.#admitted as HandshakeResult, this.consumer, this);
    this.#admitted = undefined;
    // Again, now that it can be noted: a class of the application may have set it already.
    const { binaryType } = socket;
    socket.binaryType = binaryType;
    this.#isUnheard = !gate.served && socket.listenerCount("message") === 0;
  }

  /** Somebody listens for messages. */
  isListenedTo(): void {
    this.#isUnheard = false;
    this.#first?.listen();
    this.#first = undefined;
  }

  /** Takes a message from the socket. */
  receive(data: RawData, isBinary: boolean): boolean {
    const { session } = this;
    if (session === undefined || session.isEnded) return false;
    if (this.#isBroken()) {
      session.end();
      return false;
    }
    if (this.#front.isPing?.(data, isBinary)) {
      // One that does not read misses no answer that would tell it more than those it has not read.
      if ((this.#holds & NOT_READING) === 0) this.#send(this.#front.codec.heartbeat?.pong);
      return true;
    }
    if (this.#isDeciding) this.#holdWhileDeciding();
    session.receive(readMessage(this.#front.codec, data, isBinary));
    return true;
  }

  /**
   * The socket is about to close. Answers whether it is ws that answers the close frame of the client, and is to do so
   * later: once all is decided that came before, so that what a listener sends to its last words is still sent.
   */
  concludes(close: () => void): boolean {
    const { session } = this;
    const { readyState, _closeFrameReceived: isAnswer } = this.#opened;
    if (isAnswer !== true || readyState !== OPEN || this.#isConcluding || session?.isEnded !== false) return false;
    this.#isConcluding = true;
    let isSync = true;
    let isDrained = false;
    session.drain(() => {
      isDrained = true;
      // Handlers that wait for nothing but promises have answered then.
      if (!isSync) setImmediate(close);
    });
    isSync = false;
    if (isDrained && this.#front.gate.served) setImmediate(close);
    return !isDrained || this.#front.gate.served !== undefined;
  }

  /** The socket says that it is closed. Answers whether this is to be said later: when all is decided. */
  ends(closing: readonly unknown[]): boolean {
    const { session } = this;
    this.#patience?.cancel();
    if (closing[0] === ABNORMAL_CLOSURE) session?.end();
    if (session === undefined || session.isEnded) {
      this.#first?.drop();
      return false;
    }
    let isSync = true;
    let isDrained = false;
    session.drain(() => {
      isDrained = true;
      session.end();
      if (!isSync) this.#emitClose(closing);
    });
    // Nobody will read what is left: no message waits for that any more.
    this.#flush(this.#sent);
    isSync = false;
    return !isDrained;
  }

  /** The socket reports an error. Answers whether it would be thrown, for want of a listener. */
  fails(): boolean {
    if (this.socket?.readyState !== OPEN) this.session?.end();
    return this.socket?.listenerCount("error") === 0;
  }

  deliver(message: Message): void {
    if (this.#isUnheard) this.#keepFirst(message);
    else this.#handOn(message);
  }

  /** Nobody listens yet: the message waits for that, and all that comes behind it waits in the session. */
  #keepFirst(message: Message): void {
    const { listenerGrace, sayUnheard } = this.#front;
    const first = new FirstMessage(listenerGrace, (isListenedTo) => {
      this.#isUnheard = false;
      if (this.session?.isEnded) return;
      if (!isListenedTo) sayUnheard();
      this.#handOn(message);
    });
    this.#first = first;
    this.flush = (whenFlushed) => {
      this.flush = undefined;
      first.whenHandedOn(whenFlushed);
    };
  }

  #handOn({ data, isBinary }: Message): void {
    const given = this.wantsBlobs && isBinary ? new Blob([data as Buffer]) : data;
    this.#front.bare.emit.call(this.socket, "message", given, isBinary);
  }

  sendRefusal(message: Message, decision: Decision): void {
    try {
      this.#send(this.#refusalOf(message, decision));
    } catch (error) {
      this.#report(message, error);
      this.#opened.terminate();
    }
  }

  /** A refusal as the codec writes it. Where it cannot, in the one way that needs no codec: every request is answered. */
  #refusalOf(message: Message, decision: Decision): Frame | undefined {
    const { issues } = decision;
    try {
      const told = issues && publicIssues(issues);
      return frameOf(this.#front.codec.denied(message.request, publicRefusal(decision), told), "denied");
    } catch (error) {
      this.#report(message, error);
      return JSON.stringify({ error: publicRefusal(decision) });
    }
  }

  #report({ action }: Message, error: unknown): void {
    const { gate } = this.#front;
    gate.report("action", action, decisionFromError(error, "codec"), this.session as never, undefined, gate.now());
  }

  reply({ request, action: asked }: Message, data: unknown, { status = 200, action = asked }: ReplyOptions): void {
    const { reply } = this.#front.codec as Required<Codec>;
    this.#send(frameOf(reply.call(this.#front.codec, request, data, { status, action }), "reply"));
  }

  pause(): void {
    this.#isDeciding = true;
  }

  resume(): void {
    this.#isDeciding = this.#isImpatient = false;
    this.#goOnReading();
  }

  /** The client does not read its answers: it is not read either, and its messages wait. */
  block(): void {
    this.#hold(NOT_READING);
    this.session?.block();
  }

  unblock(): void {
    this.#release(NOT_READING);
    this.session?.unblock();
  }

  close(code: number, reason: string): void {
    this.#first?.drop();
    this.#patience?.cancel();
    this.#holds = 0;
    this.#parser?.release();
    this.#front.bare.resume.call(this.#opened);
    closeSoon(this.#opened, code, reason);
  }

  whenGone(callback: () => void): void {
    if (this.#opened.readyState === CLOSED) callback();
    else this.#opened.once("close", callback);
  }

  /** The socket, which is there as long as there is a session. */
  get #opened(): BareSocket {
    return this.socket as BareSocket;
  }

  /**
   * A socket that is held back tells nothing of its client either: so only when there is something to hold back, and not
   * for ever, since a handler may wait for the end of the connection. What comes then waits in the session, with its caps.
   */
  #holdWhileDeciding(): void {
    if (this.#isImpatient) return;
    this.#hold(DECIDING);
    this.#patience ??= new Timeout(this.#front.gate.timeouts.action, () => {
      this.#isImpatient = true;
      this.#goOnReading();
    });
  }

  #goOnReading(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#release(DECIDING);
  }

  /** Whether the connection has broken: what ws still reads then comes from its buffer. */
  #isBroken(): boolean {
    const { socket } = this.request;
    return socket.destroyed && (socket.errored !== null || !socket.readableEnded);
  }

  #emitClose(closing: readonly unknown[]): void {
    try {
      this.#front.bare.emit.call(this.socket, "close", ...closing);
    } catch (error) {
      throwAsync(error);
    }
  }

  /**
   * Sends an answer. INVARIANT: all that the library itself sends over an open socket goes this way, so that it counts.
   * What ws has handed on is known without a callback where nothing is left of what was sent before.
   */
  #send(frame: Frame | undefined): void {
    const socket = this.#opened;
    if (frame === undefined || socket.readyState !== OPEN) return;
    if (socket.bufferedAmount === 0) this.#isThrough(this.#sent);
    if (this.#budget.isSpent) {
      this.session?.close(TRY_AGAIN, "answers are not read");
      return;
    }
    const position = this.#sent + this.#budget.add(frame.length);
    this.#sent = position;
    if (!this.#budget.isFull && socket.bufferedAmount === 0) socket.send(frame);
    else socket.send(frame, () => this.#isThrough(position));
  }

  /** INVARIANT: nothing that waits reaches a handler because the connection has broken. */
  #isThrough(position: number): void {
    // Node calls back without an error where the connection was destroyed.
    if (this.#isBroken()) this.session?.end();
    this.#flush(position);
  }

  /** ws has handed on the answers up to a position, or will never do so: nothing is left of them here. */
  #flush(position: number): void {
    if (position <= this.#flushed) return;
    const read = position - this.#flushed;
    this.#flushed = position;
    this.#budget.free(read);
  }

  #hold(reason: number): void {
    this.#front.bare.pause.call(this.socket);
    if (this.#parser === undefined) this.#parser = parserOf(this.#opened, this.turns) ?? null;
    this.#parser?.hold();
    this.#holds |= reason;
  }

  #release(reason: number): void {
    if (this.#holds === 0) return;
    this.#holds &= ~reason;
    if (this.#holds !== 0) return;
    this.#parser?.release();
    if (!this.isPausedByApplication) this.#front.bare.resume.call(this.socket);
  }
}
