import type { Frame } from "../codecs/codec.js";
import type { HandshakeEvaluation } from "../guard/handshake/handshake-evaluation.js";
import { Timeout } from "../util/deadline.js";
import { attempt, type ClosableSocket, closeSocket, terminateSocket } from "./close-socket.js";
import { type DecodedMessage, sizeOf } from "./decoded-message.js";
import { FrameConnection } from "./frame-connection.js";
import { FrameExchange, type FrameGuard } from "./frame-exchange.js";
import { PolledOutgoing, type PolledSocket } from "./polled-outgoing.js";

/** Milliseconds that a client has to answer a close. */
const CLOSE_TIMEOUT_MS = 1000;

/** The guard of a connection, with the options of its adapter. */
export interface PolledGuard extends FrameGuard {
  /** Bytes of the largest message. A larger one closes the connection with 1009. */
  readonly maxPayload: number;
}

/**
 * The connection of a socket with the interface of a `WebSocket` of the web: it reports the bytes it buffers, and cannot
 * stop reading. An adapter adds the facts of the handshake, and `deliverFrame`.
 */
export abstract class PolledConnection<
  Socket extends PolledSocket & ClosableSocket,
  Raw,
  Request,
> extends FrameConnection<Raw, Request> {
  raw: Socket | undefined;
  /** True when the socket is closed, or counts as closed. */
  isGone = false;
  #outgoing: PolledOutgoing | undefined;
  #closing: Timeout | undefined;
  readonly #whenGone: (() => void)[] = [];

  constructor(readonly guarding: PolledGuard) {
    super();
  }

  /** Passes an allowed frame to the application. */
  protected abstract deliverFrame(raw: Raw): void;
  /** Called for a client that does not answer a close, where the runtime cannot end its connection. */
  protected abstract lost(): void;

  /**
   * Opens the session of a socket. Nothing was read from it before.
   *
   * @throws {PermissionMisuse} When the handshake was not allowed, or was aborted.
   */
  open(socket: Socket): void {
    const { gate } = this.guarding;
    const session = (this.evaluation as HandshakeEvaluation<DecodedMessage<Raw>, Request>).open();
    this.raw = socket;
    this.session = session;
    this.#outgoing = new PolledOutgoing(gate.limits.unread, session, socket);
    this.exchange = new FrameExchange(session, this.guarding, this.#outgoing);
  }

  /**
   * Passes the requests of a frame to the session, and answers a heartbeat.
   *
   * @param data The content: a text, bytes or an ArrayBuffer. Another, such as a Blob, cannot be read at once.
   * @param raw The frame as the application gets it.
   */
  receive(data: unknown, raw: Raw): void {
    const { session, exchange } = this;
    if (session === undefined || session.isEnded) return;
    const { codec, maxPayload } = this.guarding;
    const frame = frameOf(data);
    if (frame !== undefined && frame === codec.heartbeat?.ping) {
      attempt(() => this.#outgoing?.send(codec.heartbeat?.pong));
      return;
    }
    const bytes = sizeOf(frame);
    if (bytes > maxPayload) session.close(1009, "message too big");
    else exchange?.receive(frame, bytes, raw);
  }

  /** Notes that the socket has sent what it had buffered. */
  drained(): void {
    this.#outgoing?.update();
  }

  /**
   * Ends the session of a closed socket. A second call changes nothing.
   *
   * @param isCut True when the client has sent no close. Its waiting messages are dropped.
   * @param whenEnded Called once the last message is delivered.
   */
  end(isCut: boolean, whenEnded: () => void): void {
    const { session } = this;
    if (this.isGone) return;
    this.isGone = true;
    this.#closing?.cancel();
    if (isCut) session?.end();
    try {
      session?.drain(() => {
        session.end();
        whenEnded();
      });
    } finally {
      this.#outgoing?.end();
      for (const callback of this.#whenGone.splice(0)) callback();
    }
  }

  deliver(message: DecodedMessage<Raw>): void {
    if (message.batch?.allow(message) !== false) this.deliverFrame(message.raw);
  }

  /** The socket cannot hold a client back: its messages wait in the session, within its limits. */
  pause(): void {}

  resume(): void {}

  close(code: number, reason: string): void {
    const socket = this.raw;
    if (socket === undefined || this.isGone) return;
    closeSocket(socket, code, reason);
    this.#closing = new Timeout(CLOSE_TIMEOUT_MS, () => {
      terminateSocket(socket);
      this.lost();
    });
  }

  whenGone(callback: () => void): void {
    if (this.isGone) callback();
    else this.#whenGone.push(callback);
  }
}

function frameOf(data: unknown): Frame | undefined {
  if (typeof data === "string" || data instanceof Uint8Array) return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
}
