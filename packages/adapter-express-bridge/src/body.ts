import { PermissionDenied } from "@portcullis/core";

/** A body as middlewares find it parsed, and as bytes. */
export interface Body {
  readonly body: unknown;
  readonly bytes: Buffer;
}

/**
 * Makes a body of JSON. A copy, so that what middlewares do to it does not reach the action; and the same value that a
 * parser of JSON makes of its bytes, so that it makes no difference whether there is one in the chain.
 * INVARIANT: always a body, so that no parser or validator is passed by for want of one.
 *
 * @param limit The largest it may be, in bytes.
 * @throws {PermissionDenied} When it is larger, or no JSON.
 */
export function bodyOf(value: unknown, limit: number): Body {
  // Before anything is made of it: JSON of bytes is several times as long, and takes a tenth of a second for a megabyte.
  if (isLonger(value, limit)) throw tooLarge();
  let text: string | undefined;
  let body: unknown;
  try {
    text = JSON.stringify(value ?? {});
    if (text !== undefined) body = JSON.parse(text);
  } catch {
    // Circular, too deep, or not known to JSON.
    text = undefined;
  }
  if (text === undefined) {
    throw new PermissionDenied("invalid_input", { status: 400, reason: "The message cannot be read as JSON." });
  }
  const bytes = Buffer.from(text);
  if (bytes.length > limit) throw tooLarge();
  return { body, bytes };
}

function tooLarge(): PermissionDenied {
  return new PermissionDenied("payload_too_large", { status: 413, reason: "The message is too large." });
}

/**
 * Whether JSON of a value is certainly longer than so many bytes. It stops as soon as that is known, and makes no text.
 * Of bytes there are at least as many in JSON.
 */
function isLonger(value: unknown, limit: number): boolean {
  const open: unknown[] = [value];
  const met = new Set<object>();
  for (let length = 0; open.length > 0; ) {
    const one = open.pop();
    if (typeof one === "string") length += one.length + 2;
    else if (typeof one !== "object" || one === null) length += 1;
    else if (ArrayBuffer.isView(one)) length += one.byteLength;
    else if (!met.has(one)) {
      met.add(one);
      // What stands in a list takes a byte or more, each with a comma.
      if (Array.isArray(one)) {
        length += one.length;
        if (length <= limit) for (const inner of one) open.push(inner);
      } else length += namesOf(one as Record<string, unknown>, limit - length, open);
    }
    if (length > limit) return true;
  }
  return false;
}

/** How long the names of an object are in JSON, up to a limit. What they stand for is still to be looked at. */
function namesOf(one: Record<string, unknown>, limit: number, open: unknown[]): number {
  // It says itself what JSON it is, as dates do.
  if (typeof one.toJSON === "function") return 0;
  let length = 0;
  for (const name in one) {
    if (!Object.hasOwn(one, name)) continue;
    const inner = one[name];
    if (inner === undefined || typeof inner === "function" || typeof inner === "symbol") continue;
    length += name.length + 3;
    if (length > limit) break;
    open.push(inner);
  }
  return length;
}
