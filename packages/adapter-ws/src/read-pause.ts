import { Timeout } from "@portcullis/core/adapter";
import type { FairShare } from "./fair-scheduling.js";
import { type Parser, parserOf } from "./parser.js";
import type { BareSocket } from "./ws-internals.js";

/** The reasons for a pause, beside the application's own. */
const DECIDING = 1;
export const NOT_READING = 2;

/** The socket that is paused. */
export interface PausableSocket {
  readonly raw: BareSocket | undefined;
  readonly fairShare: FairShare | undefined;
  readonly isPausedByApplication: boolean;
}

/** Pauses the reading of one socket, and the parser of it, for as long as there is a reason. */
export class ReadPause {
  readonly #socket: PausableSocket;
  /** The methods of the socket behind the gate. */
  readonly #bare: BareSocket;
  readonly #parser: Parser | undefined;
  #reasons = 0;
  /** Ends a pause for a decision or a handler that may never end. */
  #timeout: Timeout | undefined;
  /** True when that timeout has passed, and the queue was not empty since. */
  #isOverdue = false;

  constructor(socket: PausableSocket, bare: BareSocket) {
    this.#socket = socket;
    this.#bare = bare;
    this.#parser = parserOf(socket.raw as BareSocket, socket.fairShare);
  }

  get isPaused(): boolean {
    return this.#reasons !== 0;
  }

  has(reason: number): boolean {
    return (this.#reasons & reason) !== 0;
  }

  /**
   * Pausing a socket also hides its close event, and a handler may wait for that. So pause only while a message is queued,
   * and for at most `timeout.action`. Messages that come later wait in the session, within its limits.
   *
   * @param milliseconds `timeout.action`.
   */
  pauseWhileDeciding(milliseconds: number): void {
    if (this.#isOverdue) return;
    this.pause(DECIDING);
    this.#timeout ??= new Timeout(milliseconds, () => {
      this.#isOverdue = true;
      this.#endDeciding();
    });
  }

  /** Every message is decided. */
  resumeDecided(): void {
    this.#isOverdue = false;
    this.#endDeciding();
  }

  pause(reason: number): void {
    this.#bare.pause.call(this.#socket.raw);
    this.#parser?.hold();
    this.#reasons |= reason;
  }

  resume(reason: number): void {
    if (this.#reasons === 0) return;
    this.#reasons &= ~reason;
    if (this.#reasons !== 0) return;
    this.#parser?.release();
    if (!this.#socket.isPausedByApplication) this.#bare.resume.call(this.#socket.raw);
  }

  /** The connection ends: nothing is held back any more. */
  stop(): void {
    this.#timeout?.cancel();
    this.#reasons = 0;
    this.#parser?.release();
  }

  /** The socket has closed. */
  cancelTimeout(): void {
    this.#timeout?.cancel();
  }

  #endDeciding(): void {
    this.#timeout?.cancel();
    this.#timeout = undefined;
    this.resume(DECIDING);
  }
}
