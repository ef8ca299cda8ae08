import { type Decision, PermissionMisuse, type Scope } from "@portcullis/core";
import {
  badMessage,
  type Connection,
  decisionFromError,
  type ReplyOptions,
  type Session,
  throwAsync,
} from "@portcullis/core/adapter";
import { ABORTED } from "@portcullis/core/internal";
import type { Socket } from "socket.io";
import type { EngineConnection } from "../engine/engine-connection.js";
import { type BareSocket, type Done, override, type Packet } from "../socketio-internals.js";
import { tellDeafListener } from "./deaf-listeners.js";
import { DeliveryFence } from "./delivery-fence.js";
import { Disconnect } from "./disconnect.js";
import { type Message, readEvent } from "./event.js";
import { EventAnswers } from "./event-answers.js";
import { EventOrder } from "./event-order.js";
import type { GuardContext, GuardedSocket } from "./guard-context.js";
import { type Middlewares, NamespaceAdmission } from "./namespace-admission.js";
import { connectError } from "./refusal.js";
import { NamespaceHandshake, NamespaceScope } from "./scope.js";
import { SocketRecovery } from "./socket-recovery.js";
import { hasWirePrototype } from "./wire-prototypes.js";

/**
 * Close codes after which the client should reconnect: going away, internal error, service restart, try again later
 * (RFC 6455, section 7.4.1, and the IANA registry).
 */
const RECONNECT_CODES = new Set([1001, 1011, 1012, 1013]);

/** One socket in one namespace: its handshake, then its session. */
export class NamespaceConnection extends NamespaceHandshake implements Connection<Message, Socket>, GuardedSocket {
  session: Session<Message> | undefined;
  readonly #context: GuardContext;
  readonly #socket: BareSocket;
  readonly #engine: EngineConnection;
  readonly #admission: NamespaceAdmission;
  readonly #answers: EventAnswers;
  readonly #order: EventOrder;
  readonly recovery: SocketRecovery;
  /** Present with the session. */
  #fence: DeliveryFence | undefined;
  /** The `onevent` that the socket had before the guard. */
  #deliver: BareSocket["onevent"];
  #isUnwanted = false;
  /** True while its rooms are being restored. */
  #isResuming = false;

  constructor(context: GuardContext, socket: BareSocket, engine: EngineConnection) {
    super(socket as unknown as Socket, engine.facts);
    this.#context = context;
    this.#socket = socket;
    this.#engine = engine;
    this.#admission = new NamespaceAdmission({ context, socket, engine, connection: this });
    this.#answers = new EventAnswers(context, socket, engine);
    this.#order = new EventOrder(engine.cork);
    this.#deliver = socket.onevent;
    this.recovery = new SocketRecovery(context.rights, socket);
  }

  /** The argument of `authenticate`. */
  get client(): Socket {
    return this.#socket as unknown as Socket;
  }

  get raw(): BareSocket | undefined {
    return this.session && this.#socket;
  }

  /** Refuses an `auth` with a prototype from the message, because it is decoded like the messages. */
  get refusal(): Decision | undefined {
    return this.#context.hasOwnParser && hasWirePrototype(this.auth) ? badMessage() : undefined;
  }

  get message(): NamespaceHandshake["auth"] {
    return this.auth;
  }

  createScope(extra: Readonly<Record<string, unknown>>): Scope {
    return new NamespaceScope(this, extra);
  }

  /**
   * Decides if the socket may be opened.
   *
   * @param done Called exactly once in any case.
   * @param found A refusal that is already known.
   */
  admit(middlewares: Middlewares, done: Done, found?: Decision): void {
    const { gate } = this.#context;
    this.#admission.begin(done);
    this.#engine.membership.track(this.path, { abort: () => this.#abortHandshake(), gate });
    this.#admission.decide(middlewares, found);
  }

  /** Opens an admitted socket, and refuses any other. */
  open(proceed: () => void): void {
    const { scope } = this.#admission;
    if (scope === undefined) this.#rejectOpened(new PermissionMisuse("nobody was asked about this connection"));
    else if (this.#isUnwanted) this.#rejectOpened(undefined);
    else this.#goOn(scope, proceed);
  }

  /** Refuses the socket because the application has closed its consumer. Its evaluation has ended before. */
  abort(): void {
    this.#isUnwanted = true;
  }

  deliver(message: Message): void {
    this.#fence?.deliver(message, (packet) => this.#deliver.call(this.#socket, packet));
  }

  sendRefusal(message: Message, decision: Decision): void {
    this.#answers.refuse(message, decision, this.session as Session<Message>);
  }

  reply(message: Message, data: unknown, options: ReplyOptions): void {
    this.#answers.reply(message, data, options);
  }

  notify(event: string, data: object): void {
    this.#answers.notify(event, data);
  }

  /** Does nothing. One namespace cannot be paused alone, and later events are queued in the session. */
  pause(): void {}

  resume(): void {}

  throttle(isThrottled: boolean): void {
    this.#engine.readPause.update(this.#socket, isThrottled);
  }

  /**
   * Disconnects the socket. socket.io has no close codes, and its client does not reconnect after a disconnect. It does
   * reconnect when the connection ends, which all its namespaces share. If only the guard of this socket is closing,
   * the socket is disconnected and the connection stays.
   */
  close(code: number): void {
    const { isClosing } = this.#context.gate;
    const isExpectedBack = RECONNECT_CODES.has(code);
    this.recovery.isExpectedBack = isExpectedBack;
    if (isExpectedBack && this.#engine.orderlyClose.close(this.#socket, isClosing)) return;
    this.#socket.disconnect();
    this.#engine.timeout.closeWhenIdle();
  }

  whenGone(callback: () => void): void {
    this.#engine.orderlyClose.whenGone(callback);
  }

  flush(whenFlushed: () => void): void {
    this.#order.flush(() => this.#fence?.settle(whenFlushed));
  }

  get isGated(): boolean {
    return this.#socket.onevent === this.#receive;
  }

  readonly #receive = (packet: Packet): void => {
    this.#order.arrive();
    const { gate, options, hasOwnParser } = this.#context;
    tellDeafListener(this.client, packet, gate);
    (this.session as Session<Message>).receive(readEvent(packet, options, hasOwnParser));
  };

  /** Called when the client is gone before its handshake is decided. */
  #abortHandshake(): void {
    this.#admission.refuse(connectError(ABORTED));
    if (this.#isResuming) this.#socket._cleanup();
  }

  #start(proceed: () => void): void {
    const socket = this.#socket;
    const engine = this.#engine;
    const { gate } = this.#context;
    const onclose = socket._onclose;
    // An `onevent` that a middleware has set runs behind the gate.
    this.#deliver = socket.onevent;
    const session = this.#admission.open();
    this.session = session;
    this.#fence = new DeliveryFence(socket, session);
    engine.outgoing.join(session, gate.limits.unread);
    engine.orderlyClose.enter(socket, gate);
    const { path } = this;
    const disconnect = new Disconnect(engine, path, session);
    override(socket, "onevent", this.#receive);
    override(socket, "_onclose", (reason, description) => {
      this.recovery.keep(session);
      return disconnect.handle(reason, () => onclose.call(socket, reason, description));
    });
    try {
      proceed();
    } finally {
      engine.endHandshake(path);
    }
  }

  /** Goes on with a stored session, where its authorization is still in force. */
  #goOn(scope: Scope, proceed: () => void): void {
    const stored = this.recovery.storedFor(scope);
    if (stored === undefined) return void this.#start(proceed);
    this.#isResuming = true;
    this.recovery
      .restore(stored, scope)
      .then(
        () => {
          if (this.#socket.conn.readyState !== "open") return;
          if (this.#isUnwanted) this.#rejectOpened(undefined);
          else this.#start(proceed);
        },
        (error) => this.#rejectOpened(error),
      )
      .catch(throwAsync);
  }

  /** Refuses a socket that socket.io considers admitted. */
  #rejectOpened(error: unknown): void {
    const decision = error === undefined ? ABORTED : this.#admission.report(decisionFromError(error, "guard"));
    const { message, data } = connectError(decision);
    const socket = this.#socket;
    // A client that went away during the resumption is already cleaned up, and another socket may have its id by now.
    if (socket.conn.readyState !== "open") return;
    socket._cleanup();
    socket._error(socket.conn.protocol === 3 ? data : { message, data });
    this.#engine.endHandshake(this.path);
  }
}
