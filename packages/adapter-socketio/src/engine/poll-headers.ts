import { type AnswerHeader, openAnswerHeaders, takeAnswerHeaders } from "@portcullis/core/internal";
import type { BareConnection, BareResponse } from "../socketio-internals.js";
import type { HandshakeFacts } from "./handshake-facts.js";

/**
 * Headers that rules add while a handshake with a namespace is pending. The request that began the connection is answered
 * already, so a client that polls gets them with the next response. A client on a WebSocket gets none.
 */
export class PollHeaders {
  readonly #connection: BareConnection;
  readonly #facts: HandshakeFacts;
  /** True while a handshake is pending. */
  #isOpen = false;
  /** The object that rules add headers to: `request` of the scope. */
  #holder: object | undefined;

  /** @param connection One that polls. */
  constructor(connection: BareConnection, facts: HandshakeFacts) {
    this.#connection = connection;
    this.#facts = facts;
    connection.transport.on("headers", this.#write);
    connection.once("upgrade", () => this.drop());
  }

  /** A handshake begins: rules may add headers. */
  open(): void {
    this.#isOpen = true;
    this.#keep();
  }

  /** All is decided: the headers so far go out with the next response, and no more can be added after it. */
  close(): void {
    this.#isOpen = false;
  }

  /** Drops all headers: there will be no response any more. */
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
