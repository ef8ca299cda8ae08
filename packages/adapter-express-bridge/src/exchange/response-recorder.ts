import { ServerResponse } from "node:http";

/** What is kept of a body: enough for any message. */
const KEPT = 8192;

/** Keeps what is written as a response, until it is longer than any message. */
export class Recording {
  /** What a framework would have written, but for a HEAD. */
  unwritten: (() => unknown) | undefined;
  /** The chunks: one buffer of all would be copied with every chunk. */
  #kept: Buffer[] | undefined = [];
  #length = 0;

  /**
   * Listens on a response. Own properties, below whatever middlewares put there: Express changes prototypes.
   */
  attach(response: ServerResponse): void {
    const { write, end } = ServerResponse.prototype;
    const keep = (chunk: unknown, encoding: unknown) => this.#keep(chunk, encoding);
    response.write = function recordedWrite(this: ServerResponse, ...input: never[]) {
      keep(input[0], input[1]);
      return (write as (...input: unknown[]) => boolean).apply(this, input);
    } as ServerResponse["write"];
    response.end = function recordedEnd(this: ServerResponse, ...input: never[]) {
      keep(input[0], input[1]);
      return (end as (...input: unknown[]) => ServerResponse).apply(this, input);
    } as ServerResponse["end"];
  }

  /** The body as text; `undefined` where it is longer than any message. */
  get text(): string | undefined {
    if (this.#kept === undefined) return undefined;
    if (this.#length > 0) return Buffer.concat(this.#kept).toString();
    const text = this.unwritten ? textOf(this.unwritten()) : "";
    return Buffer.byteLength(text) > KEPT ? undefined : text;
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

/** A body as a framework writes it. A stream is not read: of a HEAD no framework reads it. */
function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  if (typeof (body as { pipe?: unknown } | null | undefined)?.pipe === "function") return "";
  try {
    return JSON.stringify(body) ?? "";
  } catch {
    return "";
  }
}
