import type { Decision } from "@portcullis/core";
import {
  BAD_TARGET,
  type Connection,
  type Gate,
  type HandshakeEvaluation,
  type ReplyOptions,
  type Session,
  Timeout,
} from "@portcullis/core/adapter";
import { FrameExchange, PolledOutgoing } from "@portcullis/core/frames";
import type { Hooks, Message, Peer } from "crossws";
import { closePeer, terminatePeer } from "./close-peer.js";
import type { PeerMessage } from "./message.js";
import type { OwnOptions } from "./options.js";
import { UpgradeFacts, type UpgradeRequest } from "./upgrade-facts.js";

/** Milliseconds that a client has to answer a close. */
const CLOSE_TIMEOUT_MS = 1000;

/** The parts of a guard that its connections use. */
export interface Guarding extends OwnOptions {
  readonly gate: Gate<UpgradeRequest>;
  /** The hooks of the application. Each is read when it is called, as crossws does. */
  readonly hooks: Partial<Hooks>;
}

/** One client: an upgrade first, and from `open` on the connection of a session. */
export class PeerConnection extends UpgradeFacts implements Connection<PeerMessage, UpgradeRequest> {
  raw: Peer | undefined;
  session: Session<PeerMessage> | undefined;
  evaluation: HandshakeEvaluation<PeerMessage, UpgradeRequest> | undefined;
  /** True when the client has left during the upgrade, or a rule has closed its connection. */
  isAborted = false;
  /** True when the upgrade has taken longer than `limits.handshake`. */
  isLate = false;
  /** The refusal of an upgrade that was accepted to be closed with a code. */
  refused: Decision | undefined;
  /** Called for a client that does not answer a close, and counts as gone. */
  onLost: (() => void) | undefined;
  /** True when crossws has reported an error of the peer. */
  hasFailed = false;
  /** True when crossws has closed the peer. */
  isGone = false;
  outgoing: PolledOutgoing | undefined;
  exchange: FrameExchange<Message> | undefined;
  /** The result of the `message` hook for the last message. */
  result: unknown;
  #closing: Timeout | undefined;
  readonly #whenGone: (() => void)[] = [];

  constructor(
    readonly guarding: Guarding,
    readonly client: UpgradeRequest,
  ) {
    super(client);
  }

  override get remoteAddress(): string | undefined {
    return this.raw?.remoteAddress ?? super.remoteAddress;
  }

  get refusal(): Decision | undefined {
    return this.path === undefined ? BAD_TARGET : undefined;
  }

  /** A rule may close the consumer before there is an evaluation. */
  abort(): void {
    this.isAborted = true;
    this.evaluation?.abort();
  }

  /** @throws {PermissionMisuse} When the handshake was not allowed, or was aborted. */
  open(peer: Peer): void {
    this.raw = peer;
    this.session = (this.evaluation as NonNullable<typeof this.evaluation>).open();
    const { gate } = this.guarding;
    this.outgoing = new PolledOutgoing(gate.limits.unread, this.session, peer);
    this.exchange = new FrameExchange(this.session, this.guarding, gate, this.outgoing);
  }

  /** Closes a peer that was accepted only to be told why. */
  refuse(peer: Peer, code: number, reason: string): void {
    this.raw = peer;
    this.close(code, reason);
  }

  /** Notes that crossws has closed the peer. */
  gone(): void {
    this.isGone = true;
    this.#closing?.cancel();
    this.outgoing?.end();
    for (const callback of this.#whenGone.splice(0)) callback();
  }

  deliver(message: PeerMessage): void {
    if (message.batch?.allow(message) === false) return;
    this.result = this.guarding.hooks.message?.(this.raw as Peer, message.raw);
  }

  sendRefusal(message: PeerMessage, decision: Decision): void {
    this.exchange?.refuse(message, decision);
  }

  reply(message: PeerMessage, data: unknown, options: ReplyOptions): void {
    this.exchange?.reply(message, data, options);
  }

  notify(event: string, data: object): void {
    this.exchange?.notify(event, data);
  }

  /** crossws cannot hold a client back: its messages wait in the session, within its limits. */
  pause(): void {}

  resume(): void {}

  close(code: number, reason: string): void {
    const peer = this.raw;
    if (peer === undefined || this.isGone) return;
    closePeer(peer, code, reason);
    // Deno cannot end a connection at once, and tells of its end only after its idle timeout.
    this.#closing = new Timeout(CLOSE_TIMEOUT_MS, () => {
      terminatePeer(peer);
      this.onLost?.();
    });
  }

  whenGone(callback: () => void): void {
    if (this.isGone) callback();
    else this.#whenGone.push(callback);
  }
}
