import { type Decision, PermissionMisuse, type Scope } from "@portcullis/core";
import {
  badMessage,
  type Connection,
  decisionFromError,
  type Gate,
  type HandshakeEvaluation,
  type HandshakeResult,
  publicRefusal,
  type ReplyOptions,
  type Session,
  throwAsync,
} from "@portcullis/core/adapter";
import { ABORTED, ignoreRejection, judgeOrigin } from "@portcullis/core/internal";
import type { Socket } from "socket.io";
import type { EngineConnection } from "../engine/engine-connection.js";
import { unknownHandshake } from "../engine/handshake-facts.js";
import type { OwnOptions } from "../options.js";
import { type BareSocket, type Done, lackOf, override, type Packet } from "../socketio-internals.js";
import { isPlain, type Message, readEvent } from "./event.js";
import { principalOf } from "./identity.js";
import { connectError, denied, PERMISSION_DENIED, readTurnedDown } from "./refusal.js";
import { NamespaceHandshake, NamespaceScope } from "./scope.js";
import { giveBack, isOf, takeWithheld, type Withheld } from "./state-recovery.js";
import { hasWirePrototype } from "./wire-prototypes.js";

const EVENT = 2;
const ACK = 3;
/** What socket.io says of a client that has left in an orderly way. */
const CLIENT_HAS_LEFT = "client namespace disconnect";
/** What it says when, behind that, the connection is closed too. */
const TRANSPORT_CLOSED = "transport close";

/** The server goes away, has failed, restarts, or has too much to do: the client is to come back. */
const COMES_BACK = new Set([1001, 1011, 1012, 1013]);

/** What all connections behind one guard share. */
export interface GuardContext {
  /** The same in every process of one application. */
  readonly name: string;
  readonly gate: Gate<Socket>;
  readonly options: OwnOptions;
  /** By socket. */
  readonly connections: WeakMap<object, NamespaceConnection>;
  /** Whether the server decodes with another parser than that of socket.io. */
  readonly hasOwnParser: boolean;
}

/** Runs those of the application. What their promises reject with goes to `fail`. */
export type Middlewares = (done: Done, fail: (error: unknown) => void) => void;

/** One socket in one namespace: first its handshake, then what its session needs of it. */
export class NamespaceConnection implements Connection<Message, Socket> {
  session: Session<Message> | undefined;
  readonly #front: GuardContext;
  readonly #bare: BareSocket;
  readonly #line: EngineConnection;
  readonly #knock: NamespaceHandshake;
  /** The rooms of a connection that is resumed, and what it has missed. */
  readonly #withheld: Withheld | undefined;
  /** How the socket hands on an event. */
  #deliver: BareSocket["onevent"];
  #evaluation: HandshakeEvaluation<Message, Socket> | undefined;
  /** The scope of a connection that was allowed, and is not open yet. */
  #admitted: Scope | undefined;
  #isUnwanted = false;
  #isAsked = false;
  /** Whether its rooms are being looked up. */
  #isResuming = false;
  /** Tells socket.io the answer, until it is told. */
  #done: Done | undefined;
  /** Events of the same read as one that is on its way to its listeners. */
  readonly #arrived: Packet[] = [];
  /** How many of them are read: a client chooses how long the list is, so none is taken from its front. */
  #read = 0;
  #isFlushing = false;
  /** Whether the client has left, and what it sent before is still being decided. */
  #isLeaving = false;
  #leave: (() => void) | undefined;

  constructor(front: GuardContext, socket: BareSocket, line: EngineConnection) {
    this.#front = front;
    this.#bare = socket;
    this.#line = line;
    this.#knock = new NamespaceHandshake(this.client, line.facts);
    this.#deliver = socket.onevent;
    this.#withheld = takeWithheld(socket);
  }

  /** What `authenticate` gets. */
  get client(): Socket {
    return this.#bare as unknown as Socket;
  }

  /** Who is behind its session, as a text; `undefined` where that cannot be said. */
  get principal(): string | undefined {
    return this.session && principalOf(this.#front.name, this.session.scope);
  }

  get transport(): string {
    return this.#knock.transport;
  }

  get path(): string {
    return this.#knock.path;
  }

  get url(): string {
    return this.#knock.url;
  }

  get headers(): NamespaceHandshake["headers"] {
    return this.#knock.headers;
  }

  get remoteAddress(): string | undefined {
    return this.#knock.remoteAddress;
  }

  get secure(): boolean {
    return this.#knock.secure;
  }

  get connectedAt(): number {
    return this.#knock.connectedAt;
  }

  get request(): NamespaceHandshake["request"] {
    return this.#knock.request;
  }

  get raw(): BareSocket | undefined {
    return this.session && this.#bare;
  }

  /** What a client gives as `auth` is decoded as its messages are. */
  get refusal(): Decision | undefined {
    return this.#front.hasOwnParser && hasWirePrototype(this.#knock.auth) ? badMessage() : undefined;
  }

  get message(): NamespaceHandshake["auth"] {
    return this.#knock.auth;
  }

  createScope(extra: Readonly<Record<string, unknown>>): Scope {
    return new NamespaceScope(this.#knock, extra);
  }

  /**
   * Decides whether it may be opened: the origin first, then the application's own middlewares, then all else.
   *
   * @param done Is called once, whatever happens.
   * @param found Why it is refused, where that is known already.
   */
  admit(middlewares: Middlewares, done: Done, found?: Decision): void {
    const { gate } = this.#front;
    this.#done = done;
    this.#line.onGone(this.#knock.path, { leave: () => this.#giveUp(), gate });
    if (this.#done === undefined) return;
    const fault = found ?? this.#fault();
    if (fault) this.#answer(connectError(this.#report(fault)));
    else if (gate.isClosing || judgeOrigin(gate.origins, this.createScope({ user: null }))) this.#ask();
    else this.#run(middlewares);
  }

  /** Why nobody can be asked about it. */
  #fault(): Decision | undefined {
    if (!this.#line.facts.isKnown) return unknownHandshake();
    const missing = lackOf(this.#bare);
    if (missing === undefined) return undefined;
    return decisionFromError(
      new PermissionMisuse(`this socket has no \`${missing}\`: use one copy of socket.io`),
      "guard",
    );
  }

  /** What they throw is a refusal, and does not end the process. */
  #run(middlewares: Middlewares): void {
    const fail = (error: unknown) => this.#fail(error);
    try {
      middlewares((given) => (given ? this.#turnDownFor(given) : this.#ask()), fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A middleware has refused: with whatever the application has given it. */
  #turnDownFor(given: unknown): void {
    try {
      const { error, size } = readTurnedDown(given, this.#bare);
      this.#turnDown(error, size);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#turnDown(connectError(this.#report(decisionFromError(error, "guard"))));
  }

  /** Opens it where it was admitted; else the client is told that it was not. */
  open(proceed: () => void): void {
    const scope = this.#admitted;
    if (scope === undefined) this.#turnAway(new PermissionMisuse("nobody was asked about this connection"));
    else if (this.#isUnwanted) this.#turnAway(undefined);
    else if (this.#withheld && isOf(this.#withheld, principalOf(this.#front.name, scope), this.#bare))
      this.#resume(this.#withheld, proceed);
    else this.#start(proceed);
  }

  abort(): void {
    this.#isUnwanted = true;
    this.#evaluation?.abort();
  }

  deliver({ packet }: Message): void {
    this.#deliver.call(this.#bare, packet);
  }

  sendRefusal(message: Message, decision: Decision): void {
    const { options } = this.#front;
    const { action, isAwaited } = message;
    const request = { action, isAcknowledgement: isAwaited };
    try {
      this.#tell(message, readBody(options.denied(publicRefusal(decision), request)));
    } catch (error) {
      this.#opened.reportFault(message, error, "denied");
      this.#tellUsual(message, decision);
    }
  }

  /** The refusal that needs no option. Where even it cannot be sent, the client is not left without an answer. */
  #tellUsual(message: Message, decision: Decision): void {
    const { action, isAwaited } = message;
    try {
      this.#tell(message, denied(publicRefusal(decision), { action, isAcknowledgement: isAwaited }));
    } catch (error) {
      this.#opened.reportFault(message, error, "guard");
      this.#opened.close();
    }
  }

  /** The first answer is the acknowledgement; what comes later, or has another name, is an event. */
  reply(message: Message, data: unknown, { action }: ReplyOptions): void {
    const isLater = message.isAcknowledged || action !== undefined;
    if (message.isAwaited) this.#tell(message, data);
    else if (isLater) this.#line.send(this.#bare, { type: EVENT, data: [action ?? message.action, data] });
  }

  /** One namespace cannot be held back alone: what comes meanwhile waits in the session. */
  pause(): void {}

  resume(): void {}

  throttle(isThrottled: boolean): void {
    this.#line.crowd(this.#bare, isThrottled);
  }

  /**
   * There are no codes: a client is told that the server has disconnected it, and then its library does not come back. It
   * does where the connection ends, which is for all its namespaces. One whose guard is closed alone is disconnected.
   */
  close(code: number): void {
    const { isClosing } = this.#front.gate;
    if (COMES_BACK.has(code) && this.#line.end(this.#bare, isClosing)) return;
    this.#bare.disconnect();
    this.#line.linger();
  }

  whenGone(callback: () => void): void {
    this.#line.whenGone(callback);
  }

  /** socket.io emits in the next tick what it is given. */
  flush(whenFlushed: () => void): void {
    this.#isFlushing = true;
    process.nextTick(() => {
      this.#isFlushing = false;
      try {
        // It may end the session, and a listener of the application may throw at that.
        whenFlushed();
      } finally {
        this.#catchUp();
      }
    });
  }

  /** The session, of one that is open. */
  get #opened(): Session<Message> {
    return this.session as Session<Message>;
  }

  /** Whether its events still pass the gate. */
  get isGated(): boolean {
    return this.#bare.onevent === this.#receive;
  }

  readonly #receive = (packet: Packet): void => {
    if (!this.#isFlushing) this.#take(packet);
    else if (this.#arrived.push(packet) === 1) this.#line.hold();
  };

  #take(packet: Packet): void {
    const { options, hasOwnParser } = this.#front;
    this.#opened.receive(readEvent(packet, options.payload, hasOwnParser));
  }

  /** INVARIANT: no event is decided while one before it is on its way to a listener, which may change the answer. */
  #catchUp(): void {
    while (!this.#isFlushing) {
      const packet = this.#arrived[this.#read];
      if (packet === undefined) {
        if (this.#arrived.length > 0) this.#line.release();
        this.#arrived.length = this.#read = 0;
        this.#leave?.();
        return;
      }
      this.#read += 1;
      try {
        this.#take(packet);
      } catch (error) {
        throwAsync(error);
      }
    }
  }

  #tell(message: Message, body: unknown): void {
    if (message.isAwaited) {
      this.#line.send(this.#bare, { type: ACK, id: message.packet.id as number, data: [body] });
      message.isAcknowledged = true;
    } else this.#line.send(this.#bare, { type: EVENT, data: [PERMISSION_DENIED, body] });
  }

  #ask(): void {
    if (this.#isAsked || this.#done === undefined) return;
    this.#isAsked = true;
    const evaluation = this.#front.gate.admit(this);
    this.#evaluation = evaluation;
    const { result } = evaluation;
    if (result instanceof Promise) result.then((settled) => this.#conclude(settled)).catch(throwAsync);
    else this.#conclude(result);
  }

  #conclude({ decision, scope }: HandshakeResult): void {
    if (decision.outcome !== "allow") this.#answer(connectError(decision));
    else {
      this.#admitted = scope;
      this.#answer();
    }
  }

  /** @param size How many characters of the answer somebody has chosen. */
  #answer(error?: Error, size = error?.message.length ?? 0): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    if (error) {
      this.#line.charge(size);
      this.#line.settle(this.#knock.path);
    }
    done(error);
  }

  /** Whatever is still asked about it is of no use. */
  #turnDown(error: Error, size?: number): void {
    this.#evaluation?.abort();
    this.#answer(error, size);
  }

  /** The client has gone away before it was let in. */
  #giveUp(): void {
    this.#turnDown(connectError(ABORTED));
    if (this.#isResuming) this.#bare._cleanup();
  }

  #start(proceed: () => void): void {
    const bare = this.#bare;
    const onclose = bare._onclose;
    // What a middleware has put there stands behind the gate.
    this.#deliver = bare.onevent;
    const { gate } = this.#front;
    const session = (this.#evaluation as HandshakeEvaluation<Message, Socket>).open();
    this.session = session;
    this.#evaluation = this.#admitted = undefined;
    this.#line.outgoing.join(session, gate.limits.unread);
    this.#line.enter(this.#bare, gate);
    override(bare, "onevent", this.#receive);
    override(bare, "_onclose", (reason, description) =>
      this.#end(reason, () => onclose.call(bare, reason, description)),
    );
    try {
      proceed();
    } finally {
      this.#line.settle(this.#knock.path);
    }
  }

  #resume(withheld: Withheld, proceed: () => void): void {
    this.#isResuming = true;
    giveBack(this.#bare, withheld)
      .then(
        () => {
          if (this.#bare.conn.readyState !== "open") return;
          if (this.#isUnwanted) this.#turnAway(undefined);
          else this.#start(proceed);
        },
        (error) => this.#turnAway(error),
      )
      .catch(throwAsync);
  }

  /** Too late for socket.io to say it. */
  #turnAway(error: unknown): void {
    const decision = error === undefined ? ABORTED : this.#report(decisionFromError(error, "guard"));
    const { message, data } = connectError(decision);
    const bare = this.#bare;
    // Who has gone away while it was resumed is cleaned up already; another may have its name by now.
    if (bare.conn.readyState !== "open") return;
    bare._cleanup();
    bare._error(bare.conn.protocol === 3 ? data : { message, data });
    this.#line.settle(this.#knock.path);
  }

  #report(decision: Decision): Decision {
    if (this.#evaluation) return this.#evaluation.reject(decision);
    this.#front.gate.admit(this, decision);
    return decision;
  }

  /** The connection ends: at once, or once all is decided that a client sent before it left. */
  #end(reason: string, tell: () => unknown): unknown {
    const session = this.#opened;
    if (this.#isLeaving) {
      if (reason !== TRANSPORT_CLOSED) session.end();
      return undefined;
    }
    if (reason !== CLIENT_HAS_LEFT) {
      this.#line.outgoing.part(session);
      session.end();
      return tell();
    }
    this.#isLeaving = true;
    const leave = this.#line.leave(this.#knock.path);
    this.#leave = () => {
      this.#leave = undefined;
      session.drain(() => {
        this.#line.outgoing.part(session);
        session.end();
        try {
          tell();
        } catch (error) {
          throwAsync(error);
        } finally {
          leave();
        }
      });
    };
    if (!this.#isFlushing) this.#leave();
    return undefined;
  }
}

/** What `denied()` has returned. A promise cannot be told. */
function readBody(body: unknown): object {
  if (isPlain(body) && typeof body.then !== "function") return body;
  ignoreRejection(body);
  throw new PermissionMisuse("`denied()` must return a plain object, and at once");
}
