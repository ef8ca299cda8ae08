import type { Duplex } from "node:stream";
import type { FairShare } from "./fair-scheduling.js";
import type { BareSocket, Receiver, SocketInternals } from "./ws-internals.js";

/**
 * Holds the parser of one socket: `pause()` of ws does not hold back what has come in the same chunk. One message, ping or
 * pong more may come, which ws has read already.
 */
export class Parser {
  readonly #receiver: Receiver;
  readonly #tcp: Duplex;
  readonly #fairShare: FairShare | undefined;
  /** Whether ws hands on several messages in one turn, where nobody takes turns. */
  readonly #isSync: boolean;
  #isHeld = false;
  /** Continues what was held. */
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
    // INVARIANT: ws says that a socket is closed once all that has come is read: nothing is held any more then.
    tcp.once("close", () => this.release());
  }

  hold(): void {
    if (this.#isHeld || this.#tcp.destroyed) return;
    this.#isHeld = true;
    // The loop that runs puts off the next message, and goes on behind it by `startLoop`.
    this.#receiver._allowSynchronousEvents = false;
  }

  /** Goes on in the next turn: what listeners throw surfaces there as it would without a guard. */
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

/** The parser of a socket; `undefined` where this ws has none that can be held. */
export function parserOf(socket: BareSocket, fairShare: FairShare | undefined): Parser | undefined {
  const { _receiver: receiver, _socket: tcp } = socket as SocketInternals;
  const isKnown = typeof receiver?.startLoop === "function" && typeof receiver._allowSynchronousEvents === "boolean";
  return isKnown && tcp ? new Parser(receiver as Receiver, tcp, fairShare) : undefined;
}
