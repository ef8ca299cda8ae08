import { type BareConnection, type BareWebSocket, override } from "./bare.js";

/** How many messages of one client are handed on in one turn of the event loop: what comes together stays together. */
const SHARE = 16;
/** How many where more than that are waiting. */
const SHARE_OF_MANY = 2;
/** What ws says of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
const WITHOUT_A_WORD = 1006;

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
  readonly #emit: BareWebSocket["emit"];
  /** In the order they came: messages, and the end of the connection. */
  #waiting: Emitted[] = [];
  #read = 0;
  #turn = -1;
  #taken = 0;

  constructor(socket: BareWebSocket) {
    this.#socket = socket;
    this.#emit = socket.emit;
    override(socket, "emit", (...emitted) => this.#hear(emitted));
  }

  #hear(emitted: Emitted): boolean {
    const [event, code] = emitted;
    if (event === "message") {
      if (this.#waiting.length > 0) this.#waiting.push(emitted);
      else if (this.#mayTake()) return this.#hand(emitted);
      else this.#wait(emitted);
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
    return this.#taken <= SHARE;
  }

  #hand(emitted: Emitted): boolean {
    return this.#emit.apply(this.#socket, emitted);
  }

  #wait(emitted: Emitted): void {
    this.#waiting.push(emitted);
    this.#socket.pause();
    setImmediate(this.#go);
  }

  readonly #go = (): void => {
    try {
      for (let taken = 0; taken < SHARE_OF_MANY && this.#read < this.#waiting.length; taken++) {
        const emitted = this.#waiting[this.#read] as Emitted;
        this.#read += 1;
        this.#hand(emitted);
      }
    } finally {
      if (this.#read < this.#waiting.length) setImmediate(this.#go);
      else {
        this.#waiting = [];
        this.#read = 0;
        this.#socket.resume();
      }
    }
  };
}

/**
 * Lets a client take turns with all others, so that one that sends as fast as it can does not keep them waiting. What
 * comes by polling comes in requests, and waits as those do.
 */
export function takeTurns(connection: BareConnection): void {
  const begin = () => {
    const { socket } = connection.transport;
    if (socket?.pause && socket.resume) new Turns(socket as BareWebSocket);
  };
  if (connection.transport.name === "websocket") begin();
  else connection.once("upgrade", begin);
}
