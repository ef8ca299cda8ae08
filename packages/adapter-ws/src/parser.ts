import type { Duplex } from "node:stream";
import type { FairShare } from "./fair-scheduling.js";
import type { BareSocket, Receiver, SocketInternals } from "./ws-internals.js";

/**
 * Holds the parser of one socket, because `pause()` of ws does not stop frames of the same chunk. One more message,
 * ping or pong may be emitted, which ws has parsed already.
 */
export class Parser {
  readonly #receiver: Receiver;
  readonly #tcp: Duplex;
  readonly #fairShare: FairShare | undefined;
  /** True when ws emits several messages in one turn. Not used with fair scheduling. */
  readonly #isSync: boolean;
  #isHeld = false;
  /** Continues the held loop of the parser. */
  #next: (() => void) | undefined;

  constructor(receiver: Receiver, tcp: Duplex, fairShare: FairShare | undefined) {
    this.#receiver = receiver;
    this.#tcp = tcp;
    this.#fairShare = fairShare;
    this.#isSync = receiver._allowSynchronousEvents;
    const { startLoop } = receiver;
    receiver.startLoop = (whenRead) => {
      if (this.#isHeld) this.#next = () => startLoop.call(receiver, whenRead);
      else startLoop.call(receiver, whenRead);
    };
    // INVARIANT: ws emits `close` once it has parsed all received bytes, so a closed connection is not held.
    tcp.once("close", () => this.release());
  }

  hold(): void {
    if (this.#isHeld || this.#tcp.destroyed) return;
    this.#isHeld = true;
    // The running loop defers the next message, and continues after it with `startLoop`.
    this.#receiver._allowSynchronousEvents = false;
  }

  /** Continues in the next turn, where an error of a listener surfaces as it would without a guard. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#receiver._allowSynchronousEvents = this.#fairShare ? this.#fairShare.hasShare : this.#isSync;
    if (this.#next) setImmediate(this.#goOn);
  }

  readonly #goOn = (): void => {
    if (this.#isHeld) return;
    const next = this.#next;
    this.#next = undefined;
    next?.();
  };
}

/** The parser of a socket; `undefined` when this version of ws has none that can be held. */
export function parserOf(socket: BareSocket, fairShare: FairShare | undefined): Parser | undefined {
  const { _receiver: receiver, _socket: tcp } = socket as SocketInternals;
  const isKnown = typeof receiver?.startLoop === "function" && typeof receiver._allowSynchronousEvents === "boolean";
  return isKnown && tcp ? new Parser(receiver as Receiver, tcp, fairShare) : undefined;
}
