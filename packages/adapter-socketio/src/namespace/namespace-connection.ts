import { type Decision, PermissionMisuse, type Scope } from "@portcullis/core";
import {
  ABORTED,
  badMessage,
  type Carrier,
  type Connection,
  ConnectionConsumer,
  decisionFromError,
  type Handshake,
  type HandshakeResult,
  type ReplyOptions,
  type Session,
  throwAsync,
} from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { EngineConnection } from "../engine/engine-connection.js";
import { type BareSocket, type Done, override, type Packet } from "../socketio-internals.js";
import { Disconnect } from "./disconnect.js";
import { type Message, readEvent } from "./event.js";
import { EventAnswers } from "./event-answers.js";
import { EventOrder } from "./event-order.js";
import type { GuardContext, GuardedSocket } from "./guard-context.js";
import { principalOf } from "./identity.js";
import { type Middlewares, NamespaceAdmission } from "./namespace-admission.js";
import { connectError } from "./refusal.js";
import { NamespaceHandshake, NamespaceScope } from "./scope.js";
import { type DeferredRecovery, isOf, restoreRecovery, takeRecovery } from "./state-recovery.js";
import { hasWirePrototype } from "./wire-prototypes.js";

/** The codes of a server that goes away, has failed, restarts or is overloaded: the client is to reconnect. */
const RECONNECT_CODES = new Set([1001, 1011, 1012, 1013]);

/** One socket in one namespace: its handshake, then the connection of its session. */
export class NamespaceConnection implements Handshake<Socket>, Connection<Message>, Carrier, GuardedSocket {
  readonly consumer = new ConnectionConsumer(this);
  session: Session<Message> | undefined;
  readonly #context: GuardContext;
  readonly #socket: BareSocket;
  readonly #engine: EngineConnection;
  readonly #handshake: NamespaceHandshake;
  readonly #admission: NamespaceAdmission;
  readonly #answers: EventAnswers;
  readonly #order: EventOrder;
  /** The rooms of a connection that is resumed, and the packets it has missed. */
  readonly #recovery: DeferredRecovery | undefined;
  /** The `onevent` of the socket. */
  #deliver: BareSocket["onevent"];
  #isUnwanted = false;
  /** True while its rooms are being restored. */
  #isResuming = false;

  constructor(context: GuardContext, socket: BareSocket, engine: EngineConnection) {
    this.#context = context;
    this.#socket = socket;
    this.#engine = engine;
    this.#handshake = new NamespaceHandshake(this.request, engine.facts);
    this.#admission = new NamespaceAdmission({ context, socket, engine, handshake: this, consumer: this.consumer });
    this.#answers = new EventAnswers(context, socket, engine);
    this.#order = new EventOrder(engine.cork);
    this.#deliver = socket.onevent;
    this.#recovery = takeRecovery(socket);
  }

  /** The argument of `authenticate`. */
  get request(): Socket {
    return this.#socket as unknown as Socket;
  }

  get transport(): string {
    return this.#handshake.transport;
  }

  get socket(): BareSocket | undefined {
    return this.session && this.#socket;
  }

  /** The `auth` of a client is decoded as its messages are. */
  get refusal(): Decision | undefined {
    return this.#context.hasOwnParser && hasWirePrototype(this.#handshake.auth) ? badMessage() : undefined;
  }

  get message(): NamespaceHandshake["auth"] {
    return this.#handshake.auth;
  }

  scope(extra: Readonly<Record<string, unknown>>): Scope {
    return new NamespaceScope(this.#handshake, extra);
  }

  /**
   * Decides whether the socket may be opened.
   *
   * @param done Is called once, whatever happens.
   * @param found Why it is refused, where that is known already.
   */
  admit(middlewares: Middlewares, done: Done, found?: Decision): void {
    const { gate } = this.#context;
    this.#admission.begin(done);
    this.#engine.membership.track(this.#handshake.path, { abort: () => this.#abortHandshake(), gate });
    this.#admission.decide(middlewares, found);
  }

  /** Opens an admitted socket; any other is refused. */
  open(proceed: () => void): void {
    const admitted = this.#admission.result;
    if (admitted === undefined) this.#rejectOpened(new PermissionMisuse("nobody was asked about this connection"));
    else if (this.#isUnwanted) this.#rejectOpened(undefined);
    else if (this.#recovery && isOf(this.#recovery, principalOf(this.#context.name, admitted.scope), this.#socket))
      this.#resume(admitted, this.#recovery, proceed);
    else this.#start(admitted, proceed);
  }

  /** Refuses the socket, because the application has closed its consumer. */
  abandon(): void {
    this.#isUnwanted = true;
    this.#admission.abort();
  }

  deliver({ packet }: Message): void {
    this.#deliver.call(this.#socket, packet);
  }

  sendRefusal(message: Message, decision: Decision): void {
    this.#answers.refuse(message, decision, this.session as Session<Message>);
  }

  reply(message: Message, data: unknown, options: ReplyOptions): void {
    this.#answers.reply(message, data, options);
  }

  /** Does nothing: one namespace cannot be paused alone, and later events are queued in the session. */
  pause(): void {}

  resume(): void {}

  crowd(isCrowded: boolean): void {
    this.#engine.readPause.update(this.#socket, isCrowded);
  }

  /**
   * Disconnects the socket. socket.io has no close codes, and its client does not reconnect after a disconnect. It does
   * where the connection ends, which is that of all its namespaces. A socket whose guard alone is closing is disconnected.
   */
  close(code: number): void {
    const { isClosing } = this.#context.gate;
    if (RECONNECT_CODES.has(code) && this.#engine.orderlyClose.close(this.#socket, isClosing)) return;
    this.#socket.disconnect();
    this.#engine.timeout.closeWhenIdle();
  }

  whenGone(callback: () => void): void {
    this.#engine.orderlyClose.whenGone(callback);
  }

  flush(whenFlushed: () => void): void {
    this.#order.flush(whenFlushed);
  }

  get isGated(): boolean {
    return this.#socket.onevent === this.#receive;
  }

  readonly #receive = (packet: Packet): void => {
    this.#order.arrive();
    const { options, hasOwnParser } = this.#context;
    (this.session as Session<Message>).receive(readEvent(packet, options.payload, hasOwnParser));
  };

  /** The client is gone before its handshake is decided. */
  #abortHandshake(): void {
    this.#admission.refuse(connectError(ABORTED));
    if (this.#isResuming) this.#socket._cleanup();
  }

  #start(admitted: HandshakeResult, proceed: () => void): void {
    const socket = this.#socket;
    const engine = this.#engine;
    const { gate } = this.#context;
    const onclose = socket._onclose;
    // The `onevent` of a middleware stands behind the gate.
    this.#deliver = socket.onevent;
    const session = gate.open(this, admitted, this.consumer, this);
    this.session = session;
    engine.outgoing.join(session, gate.limits.unread);
    engine.orderlyClose.enter(socket, gate);
    const { path } = this.#handshake;
    const disconnect = new Disconnect(engine, path, session);
    override(socket, "onevent", this.#receive);
    override(socket, "_onclose", (reason, description) =>
      disconnect.handle(reason, () => onclose.call(socket, reason, description)),
    );
    try {
      proceed();
    } finally {
      engine.endHandshake(path);
    }
  }

  #resume(admitted: HandshakeResult, recovery: DeferredRecovery, proceed: () => void): void {
    this.#isResuming = true;
    restoreRecovery(this.#socket, recovery)
      .then(
        () => {
          if (this.#socket.conn.readyState !== "open") return;
          if (this.#isUnwanted) this.#rejectOpened(undefined);
          else this.#start(admitted, proceed);
        },
        (error) => this.#rejectOpened(error),
      )
      .catch(throwAsync);
  }

  /** Refuses a socket that socket.io takes for admitted. */
  #rejectOpened(error: unknown): void {
    const decision = error === undefined ? ABORTED : this.#admission.report(decisionFromError(error, "guard"));
    const { message, data } = connectError(decision);
    const socket = this.#socket;
    // A client that went away while it was resumed is cleaned up already; another may have its name by now.
    if (socket.conn.readyState !== "open") return;
    socket._cleanup();
    socket._error(socket.conn.protocol === 3 ? data : { message, data });
    this.#engine.endHandshake(this.#handshake.path);
  }
}
