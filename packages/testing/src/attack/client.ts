import { Bell } from "./bell.js";
import { textFrame } from "./frames.js";
import type { Account, Probe } from "./options.js";
import { type Endpoint, RawConnection } from "./raw-connection.js";
import type { Entrance, Resumed, ServerEvent, Wire } from "./wire.js";

/** A message with a unique marker in its payload. */
export interface MarkedMessage {
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly marker: string;
}

/** Options of a client's handshake. */
export interface HandshakeOptions {
  readonly entrance: Entrance;
  /** The Origin header; `null` sends none. */
  readonly origin: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Messages sent together with the handshake, before its answer. */
  readonly early?: readonly MarkedMessage[];
  /** Messages sent as soon as the client is admitted. */
  readonly first?: readonly MarkedMessage[];
  readonly resumed?: Resumed;
  /** True for a client that never asks for a namespace. */
  readonly isMute?: boolean;
}

/** An answer of the server, with its text. */
export interface Answer {
  readonly id: number;
  readonly isRefusal: boolean;
  readonly text: string;
}

/** A client of the attack kit, at one entrance. */
export class Client {
  readonly bell = new Bell();
  readonly connection: RawConnection;
  readonly answers: Answer[] = [];
  /** All received texts. */
  readonly texts: string[] = [];
  /** True once the server has admitted the client. It may still close the connection later. */
  isLetIn = false;
  /** True once a message of the client was answered. */
  isIn = false;
  isRefused = false;
  pid: string | undefined;
  offset: string | undefined;
  events = 0;
  /** The frames that ask for admission, with the early messages; `undefined` when the handshake is enough. */
  readonly #hello: readonly Buffer[] | undefined;
  #lastId = 0;

  constructor(
    readonly wire: Wire,
    readonly account: Account,
    readonly handshake: HandshakeOptions,
    { url, tls }: Endpoint,
  ) {
    const address = wire.address(url, handshake.entrance);
    for (const [name, value] of Object.entries(account.query ?? {})) address.searchParams.set(name, value);
    const hello = wire.hello(handshake.entrance, account, handshake.resumed);
    const early = (handshake.early ?? []).map((message) => textFrame(this.#encode(message).text));
    this.#hello = hello === undefined ? undefined : [textFrame(hello), ...early];
    this.connection = new RawConnection(
      { url: address, tls },
      { headers: headersOf(account, handshake), early: hello === undefined ? early : [] },
      { onText: (text) => this.#hear(text), onChange: () => this.#change() },
    );
  }

  /** True when the server has admitted or refused the client, or the connection has ended. */
  get isDecided(): boolean {
    const { end, refusal } = this.connection;
    return this.isLetIn || this.isRefused || end !== undefined || refusal !== "";
  }

  /** The refusal or the end as text. */
  get ending(): string {
    const { status, end } = this.connection;
    if (status !== undefined && status !== 101) return `HTTP ${status}`;
    if (this.isRefused) return `refused: ${this.texts.at(-1)?.slice(0, 120)}`;
    return end ?? "no answer";
  }

  get isEnded(): boolean {
    return this.isRefused || this.connection.end !== undefined;
  }

  /** Sends messages so that they arrive together; returns their ids. */
  send(...messages: readonly MarkedMessage[]): number[] {
    const encoded = messages.map((message) => this.#encode(message));
    this.connection.write(...encoded.map(({ text }) => textFrame(text)));
    return encoded.map(({ id }) => id);
  }

  /** Encodes one message as text, with an id of its own. */
  textOf(message: MarkedMessage): { id: number; text: string } {
    return this.#encode(message);
  }

  /** Waits for the answer to a message; `undefined` when none arrives in time. */
  async answerTo(id: number, milliseconds: number): Promise<Answer | undefined> {
    const find = () => this.answers.find((answer) => answer.id === id);
    await this.bell.until(() => find() !== undefined || this.isEnded, milliseconds);
    return find();
  }

  #encode({ action, payload }: MarkedMessage): { id: number; text: string } {
    this.#lastId += 1;
    const id = this.#lastId;
    return { id, text: this.wire.message(this.handshake.entrance, id, action, payload) };
  }

  #change(): void {
    if (this.connection.isOpen && !this.isLetIn && this.#hello === undefined) this.#enter();
    this.bell.ring();
  }

  #enter(): void {
    this.isLetIn = true;
    if (this.handshake.first) this.send(...this.handshake.first);
  }

  /** Decodes a text. A custom protocol may throw on unknown texts, which then mean nothing. */
  #read(text: string): ServerEvent | undefined {
    try {
      return this.wire.read(text, this.handshake.entrance);
    } catch {
      return undefined;
    }
  }

  #hear(text: string): void {
    this.texts.push(text);
    const heard = this.#read(text);
    if (heard?.kind === "answer") this.answers.push({ ...heard, text });
    else if (heard?.kind === "reply") this.connection.write(textFrame(heard.text));
    else if (heard?.kind === "ready" && !this.handshake.isMute) this.connection.write(...(this.#hello ?? []));
    else if (heard?.kind === "refused") this.isRefused = true;
    else if (heard?.kind === "entered") {
      this.pid = heard.pid;
      this.#enter();
    } else if (heard?.kind === "event") {
      this.events += 1;
      this.offset = heard.offset ?? this.offset;
    }
    this.bell.ring();
  }
}

/** Makes a message of a probe and a marker. */
export function markedBy({ action, payload = (marker) => ({ marker }) }: Probe, marker: string): MarkedMessage {
  return { action, payload: payload(marker), marker };
}

export function headersOf(
  { headers, protocols = [] }: Account,
  { origin, headers: more }: Pick<HandshakeOptions, "origin" | "headers">,
): Record<string, string> {
  return {
    ...(origin !== null && { Origin: origin }),
    ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    ...headers,
    ...more,
  };
}
