import { type Decision, fault } from "@portcullis/core";
import { type Limits, Timeout } from "@portcullis/core/adapter";
import { connectError } from "../namespace/refusal.js";
import {
  type BareClient,
  type BareConnection,
  type BareSocket,
  type BareWebSocket,
  override,
  type Packet,
} from "../socketio-internals.js";
import { Auths } from "./auth-bytes.js";
import { Asked } from "./connect-attempts.js";
import { Reading } from "./fair-scheduling.js";
import { Facts } from "./handshake-facts.js";
import { PollHeaders } from "./poll-headers.js";
import { withoutDecisions } from "./public-data.js";
import { Crowd } from "./read-pause.js";
import { Outgoing } from "./unread-answers.js";

/** How long a client that is in no namespace any more may stay, in milliseconds. */
const PATIENCE = 1000;

const CONNECT_ERROR = 4;

/** What is read of a guard. */
interface Closing {
  readonly isClosing: boolean;
}

/** A packet of the library's own; its data may be replaced. */
export interface Answer extends Packet {
  data: unknown;
}

/** A namespace that is asked for. */
interface Pending {
  /** What to do when the client goes away before it is decided. */
  leave(): void;
  /** The guard that decides, once it is known. */
  readonly gate?: Closing;
}

let reading: EngineConnection | undefined;

/** The connection of which a packet is being read, where it may ask for a namespace: socket.io says nothing of it. */
export const readingLine = (): EngineConnection | undefined => reading;

/**
 * One connection of engine.io, whatever its transport: what it may use up until it is in a namespace, and what waits to
 * be decided about it.
 */
export class EngineConnection {
  /** What is known of the request that began it. */
  readonly facts: Facts;
  #client: BareClient | undefined;
  readonly #connection: BareConnection;
  readonly #limits: Required<Limits>;
  /** By name of the namespace: what to do when the client goes away. */
  readonly #pending = new Map<string, Pending>();
  /** Which it has asked for. */
  readonly #asked = new Asked();
  /** Which it has asked the functions of the application for. */
  readonly #lookedUp = new Asked();
  /** How many of these are not answered. */
  #lookups = 0;
  /** How many namespaces others decide about: functions of the application, or its middlewares where nobody guards. */
  #undecided = 0;
  /** Whether the time of this client was up meanwhile. */
  #isLate = false;
  readonly auths = new Auths();
  #headers: PollHeaders | undefined;
  /** By name of the namespace: settled once the client has left. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Who wants to know once the client has gone. */
  readonly #watchers: (() => void)[] = [];
  /** By socket: its guard. */
  readonly #gates = new WeakMap<object, Closing>();
  /** Sockets whose sessions have ended, and wait for those of the others. */
  readonly #ended = new WeakSet<object>();
  #isEnding = false;
  #handshake: Timeout | undefined;
  #lingering: Timeout | undefined;
  #bytes = 0;
  /** How many namespaces are in the middle of a packet; `undefined` where nothing was ever held. */
  #holds: number | undefined;
  /** How it sends what waits, held or not; `undefined` where nothing was ever held. */
  #flush: (() => void) | undefined;
  readonly outgoing: Outgoing;
  readonly #crowd: Crowd;

  /**
   * @param limits Those for a client that has not said yet where it wants to go.
   * @param isShared Whether the client takes turns with all others.
   */
  constructor(connection: BareConnection, limits: Required<Limits>, isShared: boolean) {
    this.#connection = connection;
    this.facts = Facts.of(connection);
    this.#limits = limits;
    const reading = new Reading(connection, isShared);
    this.outgoing = new Outgoing(connection, limits.unread, reading);
    this.#crowd = new Crowd(connection, reading);
    this.#time(limits.handshake);
    connection.prependListener("data", this.#count);
    connection.once("close", () => this.#close());
  }

  /** The client, once it has asked for a namespace that there is. */
  get client(): BareClient | undefined {
    return this.#client;
  }

  /**
   * From now on it counts, too, what socket.io answers by itself to a client that asks for a namespace there is not.
   *
   * @param isThere Whether there is one of that name.
   */
  meet(client: BareClient, isThere: (name: string) => boolean): void {
    if (this.#client !== undefined) return;
    this.#client = client;
    const { connect } = client;
    override(client, "connect", (name, auth) => {
      reading = this;
      try {
        if (isThere(name) || this.charge(name.length)) connect.call(client, name, auth);
      } finally {
        reading = undefined;
      }
    });
  }

  /**
   * The functions of the application are about to be asked for a namespace.
   *
   * @returns What to do once they have answered; `"often"` where this client must not ask; `"large"` where
   *   all that it gives as `auth` is too large; `"cut"` where it asks for too many at once and is cut off already.
   */
  lookUp(name: string, auth: unknown): (() => void) | "often" | "large" | "cut" {
    const limits = this.#limits;
    const frequency = this.#lookedUp.note(name, limits);
    if (frequency === "often") return "often";
    const holder = Object(auth);
    if (frequency === "flood" || this.#lookups >= limits.namespaces) {
      cut(this.#connection);
      return "cut";
    }
    if (!this.takes(holder)) {
      if (this.#client) return "large";
      cut(this.#connection);
      return "cut";
    }
    this.#lookups += 1;
    const decided = this.wait();
    return () => {
      this.#lookups -= 1;
      this.auths.release(holder);
      decided();
    };
  }

  /**
   * Others are deciding about this client: until then it is not cut off because it is in no namespace. socket.io has a clock
   * of its own for that.
   *
   * @returns What to do once that is decided.
   */
  wait(): () => void {
    this.#undecided += 1;
    let isDecided = false;
    return () => {
      if (isDecided) return;
      isDecided = true;
      this.#undecided -= 1;
      if (this.#undecided > 0 || !this.#isLate) return;
      this.#isLate = false;
      this.linger();
    };
  }

  /** Whether there is room for what it gives as `auth`. */
  takes(auth: object): boolean {
    return this.auths.hold(auth, this.#limits.pendingBytes);
  }

  /** Answers a client that asks for a namespace, before there is a socket. */
  refuse(client: BareClient, name: string, decision: Decision): void {
    const { message, data } = connectError(decision);
    if (this.charge(name.length + message.length)) {
      const body = this.#connection.protocol === 3 ? data : { message, data };
      client._packet({ type: CONNECT_ERROR, nsp: name, data: body });
    }
    this.settle(name);
  }

  /**
   * A client wants to enter a namespace. One that asks for too many at once, or for the same too often, or fetches no
   * answers, is cut off: it is turned away by socket.io, as whoever has gone away meanwhile is.
   *
   * @returns Whether it may ask, or is to be refused. One that asks again before it is answered is answered once.
   */
  begin(name: string, limits: Required<Limits>): "ask" | "known" | "refuse" {
    const frequency = this.#asked.note(name, limits);
    const isKnown = this.#pending.has(name);
    const isTooMany = !isKnown && this.#pending.size >= limits.namespaces;
    if (frequency === "flood" || isTooMany) cut(this.#connection);
    else if (frequency === "often" && !isKnown) return "refuse";
    else if (!isKnown) this.charge(name.length);
    if (isKnown) return "known";
    if (this.#connection.readyState !== "open") return "ask";
    if (this.#handshake === undefined || (this.#isInside && this.#pending.size === 0)) this.#time(limits.handshake);
    this.#pending.set(name, { leave() {} });
    // INVARIANT: none ever reaches a 101, where engine.io makes one broken line of a list.
    if (this.#connection.transport.name === "polling") {
      this.#headers ??= new PollHeaders(this.#connection, this.facts);
      this.#headers.open();
    }
    return "ask";
  }

  /** Half of what may wait on a socket does, or no longer. */
  crowd(socket: BareSocket, isCrowded: boolean): void {
    this.#crowd.note(socket, isCrowded);
  }

  /** Sends an answer. INVARIANT: all that the library itself answers goes this way, or is charged, so that it counts. */
  send(socket: BareSocket, packet: Answer): void {
    packet.data = withoutDecisions(packet.data);
    if (!this.outgoing.send(socket, packet)) cut(this.#connection);
    else if (this.outgoing.isFull) this.#flush?.();
  }

  /**
   * socket.io is about to answer by itself. A client that reads no answers is cut off.
   *
   * @param chosen How many characters somebody has chosen of it.
   * @returns Whether it was not.
   */
  charge(chosen: number): boolean {
    const isWithin = this.outgoing.charge(chosen);
    if (!isWithin) cut(this.#connection);
    return isWithin;
  }

  /**
   * Holds what is sent until `release`: the answers to events that came together go out together, as they would where
   * all are emitted in one go. INVARIANT: nothing is waited for in between but the next tick.
   */
  hold(): void {
    const { flush } = this.#connection;
    if (this.#holds !== undefined) this.#holds += 1;
    else if (typeof flush === "function") {
      this.#holds = 1;
      this.#flush = () => flush.call(this.#connection);
      override(this.#connection, "flush", () => {
        if (this.#holds === 0) flush.call(this.#connection);
      });
    }
  }

  release(): void {
    if (this.#holds === undefined) return;
    this.#holds -= 1;
    (this.#connection as Required<BareConnection>).flush();
  }

  /**
   * A client has left a namespace, and what it sent before is still being decided. It may ask for it again meanwhile.
   *
   * @returns Ends the leaving.
   */
  leave(name: string): () => void {
    (this.#client as BareClient).nsps.delete(name);
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#leaving.set(name, left);
    return () => {
      this.#leaving.delete(name);
      leave();
    };
  }

  /** What a client that comes back must wait for: until it has left. */
  leaving(name: string): Promise<void> | undefined {
    return this.#leaving.get(name);
  }

  /** What to do when the client goes away before it is decided. */
  onGone(name: string, pending: Pending): void {
    if (this.#pending.has(name)) this.#pending.set(name, pending);
    else pending.leave();
  }

  /** Nobody guards a namespace for this client: others decide whether it may enter. */
  forgo(name: string): void {
    this.#pending.delete(name);
    if (this.#pending.size > 0) return;
    this.#headers?.settle();
    if (this.#isInside) this.#stop();
  }

  /** It is decided whether a client may enter. */
  settle(name: string): void {
    this.#pending.delete(name);
    if (this.#pending.size > 0) return;
    this.#headers?.settle();
    if (this.#isInside) this.#stop();
    else this.linger();
  }

  /** A session begins. */
  enter(socket: BareSocket, gate: Closing): void {
    this.#gates.set(socket, gate);
  }

  /**
   * A session has ended so that its client comes back: the connection is closed, behind what is sent already.
   *
   * @param isGoing Whether its guard is closed: then what is accepted in other namespaces is answered before.
   * @returns Whether it is, or will be. Not where the client stays in a namespace whose guard is not closed.
   */
  end(socket: BareSocket, isGoing: boolean): boolean {
    if (!isGoing) this.#shut();
    else {
      if (this.#isStaying(socket)) return false;
      this.#ended.add(socket);
      this.#isEnding = true;
      this.#shutOnceEnded();
    }
    return true;
  }

  #isStaying(leaving: BareSocket): boolean {
    for (const socket of this.#sockets) {
      if (socket !== leaving && this.#gates.get(socket)?.isClosing !== true) return true;
    }
    return [...this.#pending.values()].some(({ gate }) => gate?.isClosing === false);
  }

  /** INVARIANT: a session that has ended and waits for the others is looked at whenever one of them ends. */
  #shutOnceEnded(): void {
    if (this.#isEnding && this.#sockets.every((socket) => this.#ended.has(socket))) this.#shut();
  }

  get #sockets(): object[] {
    return [...((this.#client?.nsps.values() ?? []) as Iterable<object>)];
  }

  /** Ends the connection in an orderly way, and makes sure that it ends. */
  #shut(): void {
    if (this.#connection.readyState !== "open") return;
    const { socket } = this.#connection.transport;
    // The one of ws waits half a minute for its client's answer.
    const wait = new Timeout(PATIENCE, () => {
      if (this.#connection.readyState === "closed") socket?.terminate?.();
      else this.#time(this.#limits.handshake);
    });
    (socket?.once ? (socket as Required<BareWebSocket>) : this.#connection).once("close", () => wait.cancel());
    this.#connection.close();
  }

  /** The server has shown a client out, or not let it in: it has little time to go by itself. */
  linger(): void {
    if (this.#connection.readyState !== "open") return;
    this.#lingering ??= new Timeout(PATIENCE, () => {
      this.#lingering = undefined;
      if (this.#pending.size > 0 || this.#isInside) return;
      if (this.#undecided > 0) {
        this.#isLate = true;
        return;
      }
      // One that polls may not have fetched yet what it was told.
      if (this.#connection.writeBuffer.length === 0) cut(this.#connection);
      else {
        this.#connection.close();
        this.#time(this.#limits.handshake);
      }
    });
  }

  /**
   * Calls back once the client has gone, or has fetched what it was told and stays for another namespace. INVARIANT: a
   * client that polls has an answer when it has fetched it, and not when it was sent.
   */
  whenGone(callback: () => void): void {
    this.#shutOnceEnded();
    if (this.#isThrough) callback();
    else if (this.#watchers.push(callback) === 1) this.#connection.once("drain", this.#look);
  }

  /** One listener, whatever the number of namespaces: Node warns of many. */
  readonly #look = (): void => {
    if (!this.#isThrough) this.#connection.once("drain", this.#look);
    else for (const callback of this.#watchers.splice(0)) callback();
  };

  get #isThrough(): boolean {
    const { readyState, writeBuffer } = this.#connection;
    return readyState === "closed" || (readyState === "open" && this.#isInside && writeBuffer.length === 0);
  }

  get #isInside(): boolean {
    return this.client !== undefined && this.client.nsps.size > 0;
  }

  #time(limit: number): void {
    this.#handshake?.cancel();
    this.#handshake = new Timeout(limit, () => {
      this.#handshake = undefined;
      const isGoing = this.#connection.readyState === "closing";
      const isAlone = this.#pending.size === 0 && (this.#isInside || this.#undecided > 0);
      if (!isGoing && isAlone) this.#isLate = !this.#isInside;
      else cut(this.#connection);
    });
  }

  /** What comes from a client that is in no namespace is not for long. */
  readonly #count = (data: string | Uint8Array | undefined): void => {
    if (this.#isInside) {
      this.#connection.off("data", this.#count);
      return;
    }
    if (this.#client === undefined) {
      reading = this;
      queueMicrotask(() => {
        reading = undefined;
      });
    }
    // A message of engine.io may be empty: then there is no data.
    this.#bytes += typeof data === "string" ? data.length : (data?.byteLength ?? 0);
    if (this.#bytes > this.#limits.pendingBytes) cut(this.#connection);
  };

  #stop(): void {
    this.#handshake?.cancel();
    this.#handshake = undefined;
    this.#lingering?.cancel();
    this.#lingering = undefined;
  }

  #close(): void {
    this.#stop();
    this.#headers?.drop();
    this.#look();
    const leaving = [...this.#pending.values()];
    this.#pending.clear();
    for (const { leave } of leaving) leave();
  }
}

export const authTooLarge = (): Decision =>
  fault("payload_too_large", { status: 413, reason: "What was given as `auth` is too large." });

/** Ends a connection at once, without waiting for an answer of the client. */
function cut(connection: BareConnection): void {
  const { socket } = connection.transport;
  connection.close(true);
  socket?.terminate?.();
}
