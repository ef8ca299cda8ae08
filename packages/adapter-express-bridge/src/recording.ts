import { ServerResponse } from "node:http";

/** What is kept of a body: enough for any message. */
const KEPT = 8192;

/** Keeps what is written as a response, until it is longer than any message. */
export class Recording {
  /** The chunks: one buffer of all would be copied with every chunk. */
  #kept: Buffer[] | undefined = [];
  #length = 0;

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
    return this.#kept && Buffer.concat(this.#kept).toString();
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (this.#kept === undefined || (typeof chunk !== "string" && !(chunk instanceof Uint8Array))) return;
    const known = typeof encoding === "string" ? (encoding as BufferEncoding) : undefined;
    // Of bytes the encoding says nothing.
    const bytes = Buffer.from(chunk as string, known);
    this.#length += bytes.length;
    if (this.#length > KEPT) this.#kept = undefined;
    else if (bytes.length > 0) this.#kept.push(bytes);
  }
}
