import { type AnswerHeader, openAnswerHeaders, takeAnswerHeaders } from "@portcullis/core/internal";
import type { BareConnection, BareResponse } from "../socketio-internals.js";
import type { HandshakeFacts } from "./handshake-facts.js";

/**
 * Headers that rules add while a handshake with a namespace is pending. The request that opened the connection is
 * already answered, so a polling client gets them with its next response. A client on a WebSocket gets none.
 */
export class PollHeaders {
  readonly #connection: BareConnection;
  readonly #facts: HandshakeFacts;
  /** True while a handshake is pending. */
  #isOpen = false;
  /** The object to which rules add headers. It is the `request` of the scope. */
  #holder: object | undefined;

  /** @param connection The connection of a polling client. */
  constructor(connection: BareConnection, facts: HandshakeFacts) {
    this.#connection = connection;
    this.#facts = facts;
    connection.transport.on("headers", this.#write);
    connection.once("upgrade", () => this.drop());
  }

  /** A handshake begins, so rules may add headers. */
  open(): void {
    this.#isOpen = true;
    this.#keep();
  }

  /** All handshakes are decided. The headers so far are sent with the next response, and none can be added after it. */
  close(): void {
    this.#isOpen = false;
  }

  /** Drops all headers, because no response will follow. */
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
    // Other servers than Node's would write a list as one line.
    if (this.#holder === undefined || typeof response?.getHeader !== "function") return;
    const added = this.#take();
    if (this.#isOpen) this.#keep();
    for (const [name, value] of added) add(headers, response as Required<BareResponse>, name, value);
  };
}

/** Adds a header to those of the application and engine.io, which take precedence. Cookies are appended. */
function add(headers: Record<string, unknown>, response: Required<BareResponse>, name: string, value: string): void {
  const key = name.toLowerCase();
  const written = Object.keys(headers).find((other) => other.toLowerCase() === key) ?? name;
  const before = headers[written] ?? response.getHeader(name);
  if (before === undefined) headers[written] = value;
  else if (key === "set-cookie") headers[written] = [before, value].flat();
}
