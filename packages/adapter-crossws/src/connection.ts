import type { Decision } from "@portcullis/core";
import {
  BAD_TARGET,
  type Connection,
  encodeRefusal,
  encodeReply,
  type Gate,
  type HandshakeEvaluation,
  type ReplyOptions,
  type Session,
  Timeout,
} from "@portcullis/core/adapter";
import type { Frame } from "@portcullis/core/codecs";
import type { Hooks, Peer } from "crossws";
import { closePeer, terminatePeer } from "./close-peer.js";
import type { PeerMessage } from "./message.js";
import type { OwnOptions } from "./options.js";
import { UnreadAnswers } from "./unread-answers.js";
import { addressOf, factsOf, type UpgradeRequest } from "./upgrade-facts.js";

/** Milliseconds that a client has to answer a close. */
const CLOSE_TIMEOUT_MS = 1000;

/** The parts of a guard that its connections use. */
export interface Guarding extends OwnOptions {
  readonly gate: Gate<UpgradeRequest>;
  /** Sentences about what is not guarded, for `audit()`. */
  readonly unguarded: Set<string>;
  /** The hooks of the application. Each is read when it is called, as crossws does. */
  readonly hooks: Partial<Hooks>;
}

/** One client: an upgrade first, and from `open` on the connection of a session. */
export class PeerConnection implements Connection<PeerMessage, UpgradeRequest> {
  readonly transport = "crossws";
  readonly connectedAt = Date.now();
  readonly facts: ReturnType<typeof factsOf>;
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
  #unread: UnreadAnswers | undefined;
  #closing: Timeout | undefined;
  readonly #whenGone: (() => void)[] = [];

  constructor(
    readonly guarding: Guarding,
    readonly request: UpgradeRequest,
  ) {
    this.facts = factsOf(request);
  }

  get client(): UpgradeRequest {
    return this.request;
  }

  get url(): string {
    return this.facts.url;
  }

  get path(): string | undefined {
    return this.facts.path;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.facts.headers as Record<string, string>;
  }

  get secure(): boolean {
    return this.facts.secure;
  }

  get remoteAddress(): string | undefined {
    return this.raw?.remoteAddress ?? addressOf(this.request);
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
    const session = (this.evaluation as NonNullable<typeof this.evaluation>).open();
    this.session = session;
    this.#unread = new UnreadAnswers(this.guarding.gate.limits.unread, session, peer);
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
    this.#unread?.end();
    for (const callback of this.#whenGone.splice(0)) callback();
  }

  /** Notes that the client has read. */
  drained(): void {
    this.#unread?.update();
  }

  deliver(message: PeerMessage): void {
    message.result = this.guarding.hooks.message?.(this.raw as Peer, message.message);
  }

  sendRefusal(message: PeerMessage, decision: Decision): void {
    const report = (error: unknown) => this.session?.reportFault(message, error, "codec");
    this.send(encodeRefusal(this.guarding.codec, message, decision, report));
  }

  reply(message: PeerMessage, data: unknown, options: ReplyOptions): void {
    this.send(encodeReply(this.guarding.codec, message, data, options));
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

  /** Sends a frame of the guard itself. */
  send(frame: Frame | undefined): void {
    if (frame === undefined || this.isGone) return;
    this.#unread?.update();
    if (this.#unread?.isSpent) {
      this.session?.close(1013, "answers are not read");
      return;
    }
    this.raw?.send(frame);
    this.#unread?.add(frame.length);
  }
}
