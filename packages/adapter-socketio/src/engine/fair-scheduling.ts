import { type BareConnection, type BareWebSocket, override } from "../socketio-internals.js";

/** How many messages of one client are handed on in one turn of the event loop: what comes together stays together. */
const SHARE = 16;
/** How many where more than that are waiting. */
const SHARE_OF_MANY = 2;
/** What ws says of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
const WITHOUT_A_WORD = 1006;

/** Why a client is held back: it does not read its answers, or too much of it waits. */
export const NOT_READING = 1;
export const CROWDED = 2;

let turn = 0;
let isTurning = false;

/** The turn of the event loop: another number once whoever else has something to say has had the chance to. */
function currentTurn(): number {
  if (!isTurning) {
    isTurning = true;
    setImmediate(() => {
      isTurning = false;
      turn += 1;
    });
  }
  return turn;
}

type Emitted = Parameters<BareWebSocket["emit"]>;

/** Hands on what one WebSocket receives, a share in every turn, and reads no more of it meanwhile. */
class Turns {
  readonly #socket: BareWebSocket;
  readonly #share: number;
  readonly #emit: BareWebSocket["emit"];
  /** In the order they came: messages, and the end of the connection. */
  #waiting: Emitted[] = [];
  #read = 0;
  #turn = -1;
  #taken = 0;
  #isHeld = false;
  #isScheduled = false;

  constructor(socket: BareWebSocket, share: number) {
    this.#socket = socket;
    this.#share = share;
    this.#emit = socket.emit;
    override(socket, "emit", (...emitted) => this.#hear(emitted));
  }

  /** Hands on nothing until `release`, and reads nothing. */
  hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  release(): void {
    this.#isHeld = false;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#socket.resume();
  }

  #hear(emitted: Emitted): boolean {
    const [event, code] = emitted;
    if (event === "message") {
      if (this.#waiting.length === 0 && !this.#isHeld && this.#mayTake()) return this.#hand(emitted);
      this.#wait(emitted);
      return true;
    }
    if (this.#waiting.length > 0) {
      if (event === "error" || (event === "close" && code === WITHOUT_A_WORD)) this.#waiting = [];
      else if (event === "close") {
        this.#waiting.push(emitted);
        return true;
      }
    }
    return this.#hand(emitted);
  }

  /** Whether it has not had its share of this turn. */
  #mayTake(): boolean {
    const now = currentTurn();
    if (this.#turn !== now) {
      this.#turn = now;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#share;
  }

  #hand(emitted: Emitted): boolean {
    return this.#emit.apply(this.#socket, emitted);
  }

  #wait(emitted: Emitted): void {
    if (this.#waiting.push(emitted) === 1) this.#socket.pause();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isHeld) return;
    this.#isScheduled = true;
    setImmediate(this.#go);
  }

  readonly #go = (): void => {
    this.#isScheduled = false;
    try {
      for (let taken = 0; taken < SHARE_OF_MANY && this.#read < this.#waiting.length && !this.#isHeld; taken++) {
        const emitted = this.#waiting[this.#read] as Emitted;
        this.#read += 1;
        this.#hand(emitted);
      }
    } finally {
      if (this.#read < this.#waiting.length) this.#schedule();
      else {
        this.#waiting = [];
        this.#read = 0;
        if (!this.#isHeld) this.#socket.resume();
      }
    }
  };
}

/** How a connection is read, once it is over WebSocket. What comes by polling comes in requests, and waits as those do. */
export class Reading {
  #turns: Turns | undefined;
  /** Why it is held, as bits. */
  #holds = 0;

  /**
   * @param isShared Whether the client takes turns with all others, so that one that sends as fast as it can does not
   *   keep them waiting.
   */
  constructor(connection: BareConnection, isShared: boolean) {
    const begin = () => {
      const { socket } = connection.transport;
      if (!socket?.pause || !socket.resume) return;
      this.#turns = new Turns(socket as BareWebSocket, isShared ? SHARE : Number.POSITIVE_INFINITY);
      if (this.#holds !== 0) this.#turns.hold();
    };
    if (connection.transport.name === "websocket") begin();
    else connection.once("upgrade", begin);
  }

  /** Hands on nothing, and reads nothing, until this reason and all others are released. */
  hold(reason: number): void {
    if (this.#holds === 0) this.#turns?.hold();
    this.#holds |= reason;
  }

  release(reason: number): void {
    const holds = this.#holds;
    this.#holds &= ~reason;
    if (holds !== 0 && this.#holds === 0) this.#turns?.release();
  }
}
