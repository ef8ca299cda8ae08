import { Bell } from "./bell.js";
import { textFrame } from "./frames.js";
import { Line } from "./line.js";
import type { Account, AttackOptions, Probe } from "./options.js";
import type { Entrance, Heard, Resumed, Wire } from "./wire.js";

/** A message with the marker that is to be found again. */
export interface Marked {
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly marker: string;
}

/** How a client knocks. */
export interface Knock {
  readonly entrance: Entrance;
  /** `null` sends none. */
  readonly origin: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with the handshake, or with what lets it in, before that is answered. */
  readonly early?: readonly Marked[];
  /** Sent as soon as it is let in. */
  readonly first?: readonly Marked[];
  readonly resumed?: Resumed;
  /** Never asks to be let in. */
  readonly isMute?: boolean;
}

/** An answer of the server, as it came. */
export interface Answer {
  readonly id: number;
  readonly isRefusal: boolean;
  readonly text: string;
}

/** A client of the kit, at one entrance. */
export class Client {
  readonly bell = new Bell();
  readonly line: Line;
  readonly answers: Answer[] = [];
  /** All that was received. */
  readonly texts: string[] = [];
  /** Whether the server has let it in; it may show it out again. */
  isLetIn = false;
  /** Whether what it says is answered. */
  isIn = false;
  isRefused = false;
  pid: string | undefined;
  offset: string | undefined;
  events = 0;
  /** What lets it in, where something does, and what is sent with it. */
  readonly #hello: readonly Buffer[] | undefined;
  #lastId = 0;

  constructor(
    readonly wire: Wire,
    url: URL,
    readonly account: Account,
    readonly knock: Knock,
    tls: AttackOptions["tls"],
  ) {
    const address = wire.address(url, knock.entrance);
    for (const [name, value] of Object.entries(account.query ?? {})) address.searchParams.set(name, value);
    const hello = wire.hello(knock.entrance, account, knock.resumed);
    const early = (knock.early ?? []).map((message) => textFrame(this.#encode(message).text));
    this.#hello = hello === undefined ? undefined : [textFrame(hello), ...early];
    this.line = new Line(address, headersOf(account, knock), tls, hello === undefined ? early : [], {
      onText: (text) => this.#hear(text),
      onChange: () => this.#change(),
    });
  }

  /** Whether it was answered in any way that ends. */
  get isDecided(): boolean {
    const { end, refusal } = this.line;
    return this.isLetIn || this.isRefused || end !== undefined || refusal !== "";
  }

  /** In words, how it was refused, or ended. */
  get ending(): string {
    const { status, end } = this.line;
    if (status !== undefined && status !== 101) return `HTTP ${status}`;
    if (this.isRefused) return `refused: ${this.texts.at(-1)?.slice(0, 120)}`;
    return end ?? "no answer";
  }

  get isEnded(): boolean {
    return this.isRefused || this.line.end !== undefined;
  }

  /** Sends messages so that they arrive together; returns their ids. */
  send(...messages: readonly Marked[]): number[] {
    const encoded = messages.map((message) => this.#encode(message));
    this.line.write(...encoded.map(({ text }) => textFrame(text)));
    return encoded.map(({ id }) => id);
  }

  /** One message as text, with an id of its own. */
  textOf(message: Marked): { id: number; text: string } {
    return this.#encode(message);
  }

  /** Waits for the answer to a message; `undefined` where there is none. */
  async answerTo(id: number, milliseconds: number): Promise<Answer | undefined> {
    const find = () => this.answers.find((answer) => answer.id === id);
    await this.bell.until(() => find() !== undefined || this.isEnded, milliseconds);
    return find();
  }

  #encode({ action, payload }: Marked): { id: number; text: string } {
    this.#lastId += 1;
    const id = this.#lastId;
    return { id, text: this.wire.message(this.knock.entrance, id, action, payload) };
  }

  #change(): void {
    if (this.line.isOpen && !this.isLetIn && this.#hello === undefined) this.#enter();
    this.bell.ring();
  }

  #enter(): void {
    this.isLetIn = true;
    if (this.knock.first) this.send(...this.knock.first);
  }

  /** A protocol of the user's own may throw at what it does not know: then it means nothing. */
  #read(text: string): Heard | undefined {
    try {
      return this.wire.hear(text, this.knock.entrance);
    } catch {
      return undefined;
    }
  }

  #hear(text: string): void {
    this.texts.push(text);
    const heard = this.#read(text);
    if (heard?.kind === "answer") this.answers.push({ ...heard, text });
    else if (heard?.kind === "reply") this.line.write(textFrame(heard.text));
    else if (heard?.kind === "ready" && !this.knock.isMute) this.line.write(...(this.#hello ?? []));
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

/** Makes a message of what the options say. */
export function markedBy({ action, payload = (marker) => ({ marker }) }: Probe, marker: string): Marked {
  return { action, payload: payload(marker), marker };
}

/** The headers of a handshake. */
export function headersOf(
  { headers, protocols = [] }: Account,
  { origin, headers: more }: Pick<Knock, "origin" | "headers">,
): Record<string, string> {
  return {
    ...(origin !== null && { Origin: origin }),
    ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    ...headers,
    ...more,
  };
}
