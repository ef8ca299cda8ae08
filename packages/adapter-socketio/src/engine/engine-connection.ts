import type { Limits, Refusal } from "@portcullis/core";
import { type BareClient, type BareConnection, type BareSocket, override, type Packet } from "../socketio-internals.js";
import { AuthBytes } from "./auth-bytes.js";
import { ConnectAttempts } from "./connect-attempts.js";
import { Cork } from "./cork.js";
import { destroy } from "./destroy.js";
import { ReadControl } from "./fair-scheduling.js";
import { HandshakeFacts } from "./handshake-facts.js";
import { HandshakeTimeout } from "./handshake-timeout.js";
import { LookupQuota } from "./lookup-quota.js";
import { Membership } from "./membership.js";
import { OrderlyClose } from "./orderly-close.js";
import { PollHeaders } from "./poll-headers.js";
import { withoutDecisions } from "./public-data.js";
import { ReadPause } from "./read-pause.js";
import { UnreadAnswers } from "./unread-answers.js";

const CONNECT_ERROR = 4;

/** A packet of the library itself, whose data may be replaced. */
export interface Answer extends Packet {
  data: unknown;
}

let current: EngineConnection | undefined;

/** The connection whose packet is being read, if that packet may ask for a namespace. socket.io does not pass it on. */
export const connectionBeingRead = (): EngineConnection | undefined => current;

/**
 * One connection of engine.io over any transport. It limits a client until it is in a namespace, and sends the
 * library's answers.
 */
export class EngineConnection {
  /** The facts of the request that opened the connection. */
  readonly facts: HandshakeFacts;
  readonly membership = new Membership();
  readonly auths = new AuthBytes();
  readonly cork: Cork;
  readonly outgoing: UnreadAnswers;
  readonly readPause: ReadPause;
  readonly timeout: HandshakeTimeout;
  readonly orderlyClose: OrderlyClose;
  readonly #connection: BareConnection;
  readonly #limits: Required<Limits>;
  readonly #attempts = new ConnectAttempts();
  readonly #lookups: LookupQuota;
  #headers: PollHeaders | undefined;
  /** Bytes that arrived before the client was in a namespace. */
  #bytes = 0;

  /**
   * @param limits The limits of a client that has not asked for a namespace yet.
   * @param isFair True when the client takes turns with all others.
   */
  constructor(connection: BareConnection, limits: Required<Limits>, isFair: boolean) {
    this.#connection = connection;
    this.facts = HandshakeFacts.of(connection);
    this.#limits = limits;
    this.#lookups = new LookupQuota(limits);
    this.cork = new Cork(connection);
    const reading = new ReadControl(connection, isFair);
    this.outgoing = new UnreadAnswers(connection, limits.unread, reading);
    this.readPause = new ReadPause(connection, reading);
    this.timeout = new HandshakeTimeout(connection, this.membership, limits.handshake);
    connection.prependListener("data", this.#countEarlyBytes);
    connection.once("close", () => this.#abort());
    this.orderlyClose = new OrderlyClose(connection, this.membership, this.timeout);
    connection.once("close", () => this.membership.abortAll());
  }

  /**
   * Tracks the client, and counts the answers of socket.io itself to requests for namespaces that do not exist.
   *
   * @param isThere Returns true when a namespace of that name exists.
   */
  trackClient(client: BareClient, isThere: (name: string) => boolean): void {
    if (this.membership.client !== undefined) return;
    this.membership.client = client;
    const { connect } = client;
    override(client, "connect", (name, auth) => {
      current = this;
      try {
        if (isThere(name) || this.charge(name.length)) connect.call(client, name, auth);
      } finally {
        current = undefined;
      }
    });
  }

  /**
   * Begins a lookup by the functions of the application.
   *
   * @returns A function that ends the lookup. `"often"` when this client must not ask, `"large"` when its `auth` values
   *   are too large together, `"destroyed"` when the connection was ended.
   */
  beginLookup(name: string, auth: unknown): (() => void) | "often" | "large" | "destroyed" {
    const frequency = this.#lookups.count(name);
    if (frequency === "often") return "often";
    const holder = Object(auth);
    const isFlood = frequency === "flood";
    if (isFlood || !this.reserveAuth(holder)) {
      if (!isFlood && this.membership.client) return "large";
      destroy(this.#connection);
      return "destroyed";
    }
    this.#lookups.begin();
    const stopWaiting = this.timeout.waitForOthers();
    return () => {
      this.#lookups.end();
      this.auths.free(holder);
      stopWaiting();
    };
  }

  /** Reserves room for an `auth`. Returns false when there is none. */
  reserveAuth(auth: object): boolean {
    return this.auths.reserve(auth, this.#limits.pendingBytes);
  }

  /** Answers a request for a namespace that has no socket. */
  refuse(client: BareClient, name: string, { message, data }: Error & { readonly data: Refusal }): void {
    if (this.charge(name.length + message.length)) {
      const body = this.#connection.protocol === 3 ? data : { message, data };
      client._packet({ type: CONNECT_ERROR, nsp: name, data: body });
    }
    this.endHandshake(name);
  }

  /**
   * Begins the handshake of a client with a namespace. The connection is destroyed when the client asks for too many
   * namespaces at once, for the same one too often, or fetches no answers. socket.io then drops the request, as for a
   * client that is gone.
   *
   * @returns `"refuse"` when the client asks too often, `"known"` when this handshake is already pending.
   */
  beginHandshake(name: string, limits: Required<Limits>): "ask" | "known" | "refuse" {
    const { membership, timeout } = this;
    const frequency = this.#attempts.count(name, limits);
    const isKnown = membership.isPending(name);
    const isTooMany = !isKnown && membership.pendingCount >= limits.namespaces;
    if (frequency === "flood" || isTooMany) destroy(this.#connection);
    else if (frequency === "often" && !isKnown) return "refuse";
    else if (!isKnown) this.charge(name.length);
    if (isKnown) return "known";
    if (this.#connection.readyState !== "open") return "ask";
    if (!timeout.isRunning || (membership.isInside && membership.pendingCount === 0)) timeout.start(limits.handshake);
    membership.add(name);
    // INVARIANT: no such header reaches a 101, where engine.io would write a list as one broken line.
    if (this.#connection.transport.name === "polling") {
      this.#headers ??= new PollHeaders(this.#connection, this.facts);
      this.#headers.open();
    }
    return "ask";
  }

  /** Ends a handshake that is decided. */
  endHandshake(name: string): void {
    if (this.#forget(name) && !this.membership.isInside) this.timeout.closeWhenIdle();
  }

  /**
   * Ends a handshake with a namespace that has no guard for this client. The application decides whether it may enter.
   */
  skipHandshake(name: string): void {
    this.#forget(name);
  }

  /**
   * Sends an answer. INVARIANT: each answer of the library is sent here or charged, so that it is counted and has no
   * private field.
   */
  send(socket: BareSocket, packet: Answer): void {
    packet.data = withoutDecisions(packet.data);
    if (!this.outgoing.send(socket, packet)) destroy(this.#connection);
    else if (this.outgoing.isFull) this.cork.flush();
  }

  /**
   * Counts an answer of socket.io itself. The connection of a client that reads no answers is destroyed.
   *
   * @param chosen Characters of the answer that the client or the application has chosen.
   * @returns True when the answer may be sent.
   */
  charge(chosen: number): boolean {
    const isWithin = this.outgoing.charge(chosen);
    if (!isWithin) destroy(this.#connection);
    return isWithin;
  }

  /** Returns true when no handshake is pending any more. */
  #forget(name: string): boolean {
    this.membership.delete(name);
    if (this.membership.pendingCount > 0) return false;
    this.#headers?.close();
    if (this.membership.isInside) this.timeout.stop();
    return true;
  }

  /** Limits the bytes that a client may send while it is in no namespace. */
  readonly #countEarlyBytes = (data: string | Uint8Array | undefined): void => {
    if (this.membership.isInside) {
      this.#connection.off("data", this.#countEarlyBytes);
      return;
    }
    if (this.membership.client === undefined) {
      current = this;
      queueMicrotask(() => {
        current = undefined;
      });
    }
    // An engine.io message may be empty and then has no data.
    this.#bytes += typeof data === "string" ? data.length : (data?.byteLength ?? 0);
    if (this.#bytes > this.#limits.pendingBytes) destroy(this.#connection);
  };

  #abort(): void {
    this.timeout.stop();
    this.#headers?.drop();
  }
}
