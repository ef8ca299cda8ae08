import { Timeout } from "@portcullis/core/adapter";
import type { FairShare } from "./fair-scheduling.js";
import { type Parser, parserOf } from "./parser.js";
import type { BareSocket } from "./ws-internals.js";

/** The guard's reasons for a pause, as bits. */
const DECIDING = 1;
export const NOT_READING = 2;

/** The socket that is paused. */
export interface PausableSocket {
  readonly raw: BareSocket | undefined;
  readonly fairShare: FairShare | undefined;
  readonly isPausedByApplication: boolean;
}

/** Pauses one socket and its parser while there is a reason. */
export class ReadPause {
  readonly #socket: PausableSocket;
  /** The prototype of the server's own socket class. Its methods bypass the gate. */
  readonly #bare: BareSocket;
  readonly #parser: Parser | undefined;
  #reasons = 0;
  /** Ends the pause for a decision or a handler that may never settle. */
  #timeout: Timeout | undefined;
  /** True when that timeout has fired, and the queue has not been empty since. */
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

  /** Handles an empty queue. Every message is decided. */
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

  /** Ends every pause, because the connection ends. */
  stop(): void {
    this.#timeout?.cancel();
    this.#reasons = 0;
    this.#parser?.release();
  }

  cancelTimeout(): void {
    this.#timeout?.cancel();
  }

  #endDeciding(): void {
    this.#timeout?.cancel();
    this.#timeout = undefined;
    this.resume(DECIDING);
  }
}
