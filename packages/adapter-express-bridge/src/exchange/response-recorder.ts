import { ServerResponse } from "node:http";

/** The bytes that are kept of a body. A longer body is no message. */
const KEPT = 8192;

/** Records the body of a response, unless it is longer than any message. */
export class Recording {
  /** Returns the body that a framework does not write in the response to a HEAD. */
  unwritten: (() => unknown) | undefined;
  /** Separate chunks, because one buffer would be copied with every chunk. */
  #kept: Buffer[] | undefined = [];
  #length = 0;

  /**
   * Records a response. `write` and `end` become own properties, because Express replaces the prototype. Wrappers that
   * middlewares add call them.
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

  /** The body as text. `undefined` when it is longer than any message. */
  get text(): string | undefined {
    if (this.#kept === undefined) return undefined;
    if (this.#length > 0) return Buffer.concat(this.#kept).toString();
    const text = this.unwritten ? textOf(this.unwritten()) : "";
    return Buffer.byteLength(text) > KEPT ? undefined : text;
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (this.#kept === undefined || (typeof chunk !== "string" && !(chunk instanceof Uint8Array))) return;
    const known = typeof encoding === "string" ? (encoding as BufferEncoding) : undefined;
    // Bytes have no encoding.
    const bytes = Buffer.from(chunk as string, known);
    this.#length += bytes.length;
    if (this.#length > KEPT) this.#kept = undefined;
    else this.#kept.push(bytes);
  }
}

/** A body as a framework writes it. A stream is not read, as no framework reads one for a HEAD. */
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
