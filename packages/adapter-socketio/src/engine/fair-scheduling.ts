import { type BareConnection, type BareWebSocket, override } from "../socketio-internals.js";

/** Messages of one client that are emitted in one tick of the event loop. */
const MESSAGES_PER_TICK = 16;
/** Messages of one client that are emitted in one tick while more are buffered. */
const BACKLOG_PER_TICK = 2;
/** The close code of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

/** Reasons to pause reading, as bits: the client does not read its answers, or too many of its messages are queued. */
export const NOT_READING = 1;
export const CROWDED = 2;

let tick = 0;
let isCounting = false;

/** The number of the current tick. It changes once all other connections could emit. */
function currentTick(): number {
  if (!isCounting) {
    isCounting = true;
    setImmediate(() => {
      isCounting = false;
      tick += 1;
    });
  }
  return tick;
}

type Emitted = Parameters<BareWebSocket["emit"]>;

/** Emits a limited number of messages of one WebSocket in every tick, and pauses reading meanwhile. */
class FairScheduler {
  readonly #socket: BareWebSocket;
  readonly #perTick: number;
  readonly #emit: BareWebSocket["emit"];
  /** Messages in the order of arrival, and the close event. */
  #buffered: Emitted[] = [];
  #read = 0;
  #tick = 0;
  #taken = 0;
  #isPaused = false;
  #isScheduled = false;

  constructor(socket: BareWebSocket, perTick: number) {
    this.#socket = socket;
    this.#perTick = perTick;
    this.#emit = socket.emit;
    override(socket, "emit", (...emitted) => this.#receive(emitted));
  }

  /** Pauses emitting and reading. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#buffered.length > 0) this.#schedule();
    else this.#socket.resume();
  }

  #receive(emitted: Emitted): boolean {
    const [event, code] = emitted;
    if (event === "message") {
      if (this.#buffered.length === 0 && !this.#isPaused && this.#takeShare()) return this.#emitNow(emitted);
      this.#buffer(emitted);
      return true;
    }
    if (this.#buffered.length > 0) {
      if (event === "error" || (event === "close" && code === ABNORMAL_CLOSURE)) this.#buffered = [];
      else if (event === "close") {
        this.#buffered.push(emitted);
        return true;
      }
    }
    return this.#emitNow(emitted);
  }

  /** Counts a message of this tick. Returns false when the share of the tick is used up. */
  #takeShare(): boolean {
    const now = currentTick();
    if (this.#tick !== now) {
      this.#tick = now;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#perTick;
  }

  #emitNow(emitted: Emitted): boolean {
    return this.#emit.apply(this.#socket, emitted);
  }

  #buffer(emitted: Emitted): void {
    if (this.#buffered.push(emitted) === 1) this.#socket.pause();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused) return;
    this.#isScheduled = true;
    setImmediate(this.#emitBuffered);
  }

  readonly #emitBuffered = (): void => {
    this.#isScheduled = false;
    try {
      for (let taken = 0; taken < BACKLOG_PER_TICK && this.#read < this.#buffered.length && !this.#isPaused; taken++) {
        const emitted = this.#buffered[this.#read] as Emitted;
        this.#read += 1;
        this.#emitNow(emitted);
      }
    } finally {
      if (this.#read < this.#buffered.length) this.#schedule();
      else {
        this.#buffered = [];
        this.#read = 0;
        if (!this.#isPaused) this.#socket.resume();
      }
    }
  };
}

/** Pauses and resumes reading a connection over WebSocket. A polling client sends requests and is not paused here. */
export class ReadControl {
  #scheduler: FairScheduler | undefined;
  /** The current reasons for a pause, as bits. */
  #pauses = 0;

  /**
   * @param isFair True when the client takes turns with all others, so that a client that sends as fast as it can does
   *   not delay them.
   */
  constructor(connection: BareConnection, isFair: boolean) {
    const begin = () => {
      const { socket } = connection.transport;
      if (!socket?.pause || !socket.resume) return;
      this.#scheduler = new FairScheduler(
        socket as BareWebSocket,
        isFair ? MESSAGES_PER_TICK : Number.POSITIVE_INFINITY,
      );
      if (this.#pauses !== 0) this.#scheduler.pause();
    };
    if (connection.transport.name === "websocket") begin();
    else connection.once("upgrade", begin);
  }

  /** Pauses emitting and reading until this reason and all others are gone. */
  pauseReading(reason: number): void {
    if (this.#pauses === 0) this.#scheduler?.pause();
    this.#pauses |= reason;
  }

  resumeReading(reason: number): void {
    const pauses = this.#pauses;
    this.#pauses &= ~reason;
    if (pauses !== 0 && this.#pauses === 0) this.#scheduler?.resume();
  }
}
