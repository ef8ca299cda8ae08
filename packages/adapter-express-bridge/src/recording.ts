import { ServerResponse } from "node:http";

/** What is kept of a body: enough for any message. */
const KEPT = 8192;

type Encoding = BufferEncoding | undefined;

/** Keeps the beginning of what is written as a response. */
export class Recording {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  /**
   * Listens on a response. Own properties, below whatever middlewares put there: Express changes prototypes.
   */
  attach(response: ServerResponse): void {
    const { write, end } = ServerResponse.prototype;
    const keep = (chunk: unknown, encoding: unknown) => this.#keep(chunk, encoding);
    response.write = function recordedWrite(this: ServerResponse, ...given: never[]) {
      keep(given[0], given[1]);
      return (write as (...given: unknown[]) => boolean).apply(this, given);
    } as ServerResponse["write"];
    response.end = function recordedEnd(this: ServerResponse, ...given: never[]) {
      keep(given[0], given[1]);
      return (end as (...given: unknown[]) => ServerResponse).apply(this, given);
    } as ServerResponse["end"];
  }

  /** The body as text; `undefined` where it is longer than any message. */
  get text(): string | undefined {
    return this.#size > KEPT ? undefined : Buffer.concat(this.#chunks).toString();
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (this.#size > KEPT || (typeof chunk !== "string" && !(chunk instanceof Uint8Array))) return;
    const bytes =
      typeof chunk === "string"
        ? Buffer.from(chunk, typeof encoding === "string" ? (encoding as Encoding) : undefined)
        : Buffer.from(chunk);
    this.#size += bytes.length;
    if (this.#size <= KEPT) this.#chunks.push(bytes);
  }
}
