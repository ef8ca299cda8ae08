import { type AnswerHeader, openAnswerHeaders, takeAnswerHeaders } from "@portcullis/core/internal";
import type { BareConnection, BareResponse } from "../socketio-internals.js";
import type { Facts } from "./handshake-facts.js";

/**
 * Headers that rules add while it is decided about a connection. Its handshake was answered before that; a client that
 * polls gets them with the next response of HTTP, while one on a WebSocket can get none, and none are kept for it.
 */
export class PollHeaders {
  readonly #connection: BareConnection;
  readonly #facts: Facts;
  /** Whether something is being decided. */
  #isOpen = false;
  /** What rules can add some to: what the scope has under `request` while it is decided. */
  #holder: object | undefined;

  /** @param connection One that polls. */
  constructor(connection: BareConnection, facts: Facts) {
    this.#connection = connection;
    this.#facts = facts;
    connection.transport.on("headers", this.#write);
    connection.once("upgrade", () => this.drop());
  }

  /** Something is to be decided: rules may add headers. */
  open(): void {
    this.#isOpen = true;
    this.#keep();
  }

  /** All is decided: what was added goes out with the next response, and then none can be added any more. */
  settle(): void {
    this.#isOpen = false;
  }

  /** There will be no response any more. */
  drop(): void {
    this.#take();
  }

  #keep(): void {
    if (this.#holder !== undefined) return;
    this.#holder = this.#connection.request ?? this.#facts;
    openAnswerHeaders(this.#holder);
  }

  #take(): readonly AnswerHeader[] {
    const holder = this.#holder;
    this.#holder = undefined;
    return holder === undefined ? [] : takeAnswerHeaders(holder);
  }

  readonly #write = (headers: Record<string, unknown>, request: object): void => {
    const { transport } = this.#connection;
    const response = request === transport.dataReq ? transport.dataRes : transport.res;
    // Another server than Node's makes one line of a list.
    if (this.#holder === undefined || typeof response?.getHeader !== "function") return;
    const added = this.#take();
    if (this.#isOpen) this.#keep();
    for (const [name, value] of added) add(headers, response as Required<BareResponse>, name, value);
  };
}

/** Adds to what the application and engine.io say themselves: that counts, but that cookies come beside each other. */
function add(headers: Record<string, unknown>, response: Required<BareResponse>, name: string, value: string): void {
  const key = name.toLowerCase();
  const written = Object.keys(headers).find((other) => other.toLowerCase() === key) ?? name;
  const before = headers[written] ?? response.getHeader(name);
  if (before === undefined) headers[written] = value;
  else if (key === "set-cookie") headers[written] = [before, value].flat();
}
