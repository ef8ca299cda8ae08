import { types } from "node:util";
import { PermissionDenied } from "@portcullis/core";

/** A body as middlewares find it parsed, and as bytes. */
export interface Body {
  readonly body: unknown;
  readonly bytes: Buffer;
}

/**
 * Makes a body of JSON. A copy, so that what middlewares do to it does not reach the action; and the same value that a
 * parser of JSON makes of its bytes, so that it makes no difference whether there is one in the chain.
 * INVARIANT: always a body, so that no parser or validator is passed by for want of one; and it holds what was given, so
 * that no middleware judges another value than the one its action gets. Dates are texts, bytes are lists of numbers, -0
 * is 0, instances of classes are their fields, and a field that is `undefined` is not there.
 *
 * @param limit The largest it may be, in bytes.
 * @throws {PermissionDenied} When it is larger, or JSON cannot carry it.
 */
export function bodyOf(value: unknown, limit: number): Body {
  const input = value ?? {};
  // Before anything is made of it: JSON of bytes is several times as long, and takes a tenth of a second for a megabyte.
  if (isLonger(input, limit)) throw tooLarge();
  let text: string;
  let body: unknown;
  try {
    text = JSON.stringify(input);
    body = JSON.parse(text);
  } catch {
    // Circular, too deep, or not known to JSON.
    throw unreadable();
  }
  const bytes = Buffer.from(text);
  if (bytes.length > limit) throw tooLarge();
  return { body, bytes };
}

function tooLarge(): PermissionDenied {
  return new PermissionDenied("payload_too_large", { status: 413, reason: "The message is too large." });
}

/** What is said of a message that a request cannot carry as it is. */
export function unreadable(): PermissionDenied {
  return new PermissionDenied("invalid_input", { status: 400, reason: "The message cannot be read as JSON." });
}

/**
 * Whether JSON of a value is certainly longer than so many bytes. It stops as soon as that is known, and makes no text.
 * Of bytes there are at least as many in JSON.
 *
 * @throws {PermissionDenied} Where it comes upon something that JSON leaves out or replaces.
 */
function isLonger(value: unknown, limit: number): boolean {
  const open: unknown[] = [value];
  let isRootRead = false;
  // Made for the first object inside another one: a flat payload needs none.
  let met: Set<unknown> | undefined;
  for (let length = 0; open.length > 0; ) {
    const one = open.pop();
    if (typeof one === "string") length += one.length + 2;
    else if (typeof one !== "object" || one === null) {
      if (!isWord(one)) throw unreadable();
      length += 1;
    } else if (!isRootRead) {
      isRootRead = true;
      length += lengthOf(one, limit - length, open);
    } else {
      met ??= new Set([value]);
      if (!met.has(one)) length += lengthOf(one, limit - length, open);
      met.add(one);
    }
    if (length > limit) return true;
  }
  return false;
}

/** JSON has no word for what is not finite, and leaves out functions, symbols and what is not there. */
function isWord(value: unknown): boolean {
  return value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

/** How long JSON of an object is at least, up to a limit. What it holds is still to be looked at. */
function lengthOf(one: object, limit: number, open: unknown[]): number {
  if (ArrayBuffer.isView(one)) {
    const { byteLength } = one;
    // Of bytes each is a number.
    if (byteLength <= limit && !(one instanceof Uint8Array) && !isOfNumbers(one)) throw unreadable();
    return byteLength;
  }
  if (types.isDate(one)) {
    if (Number.isNaN(one.getTime())) throw unreadable();
    return 0;
  }
  // It says itself what JSON it is, and its action gets something else.
  if (typeof (one as { toJSON?: unknown }).toJSON === "function") throw unreadable();
  if (!Array.isArray(one)) return namesOf(one as Record<string, unknown>, limit, open);
  // What stands in a list takes a byte or more, each with a comma.
  if (one.length <= limit) for (const inner of one) open.push(inner);
  return one.length;
}

function isOfNumbers(view: ArrayBufferView): boolean {
  return !types.isDataView(view) && Array.prototype.every.call(view, isWord);
}

/** How long the names of an object are in JSON, up to a limit. What they stand for is still to be looked at. */
function namesOf(one: Record<string, unknown>, limit: number, open: unknown[]): number {
  // Maps, sets, buffers, expressions: what they hold is in no field.
  if (Object.prototype.toString.call(one) !== "[object Object]") throw unreadable();
  let length = 0;
  for (const name in one) {
    if (!Object.hasOwn(one, name)) continue;
    const inner = one[name];
    if (inner === undefined) continue;
    length += name.length + 3;
    if (length > limit) break;
    open.push(inner);
  }
  return length;
}
