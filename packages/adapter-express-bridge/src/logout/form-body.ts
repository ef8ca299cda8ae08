import type { IncomingMessage } from "node:http";

/** Bytes of the largest body. A logout token has about one thousand. */
const MAX_BYTES = 65_536;

/**
 * Reads one field of a form, from the body that a middleware has parsed, or from the request.
 *
 * @returns The value; `undefined` when there is none, or the body is too large.
 */
export async function readField(
  request: IncomingMessage & { body?: unknown },
  name: string,
): Promise<string | undefined> {
  const { body } = request;
  if (typeof body === "object" && body !== null) {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    return typeof value === "string" ? value : undefined;
  }
  const text = typeof body === "string" ? body : await readText(request);
  return new URLSearchParams(text).get(name) ?? undefined;
}

async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The request is kept when the loop ends early, because it is to be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
