import { types } from "node:util";
import { PermissionDenied } from "@portcullis/core";

/** A body: the parsed value that middlewares read, and its JSON as bytes. */
export interface Body {
  readonly body: unknown;
  readonly bytes: Buffer;
}

/**
 * Makes a JSON copy of a value. Changes that middlewares make to the copy do not reach the action. The copy equals the
 * value that a JSON parser makes of the bytes, so a parser in the chain changes nothing. INVARIANT: there is always a
 * body, so no parser or validator skips a request for lack of one. The body holds the given value, so no middleware
 * judges another value than the one its action gets. Dates become strings, bytes become lists of numbers, -0 becomes 0,
 * instances of classes become their fields, and a field that is `undefined` is left out.
 *
 * @param limit The largest allowed size, in bytes.
 * @throws {PermissionDenied} When the body is larger, or JSON cannot represent the value.
 */
export function bodyOf(value: unknown, limit: number): Body {
  const input = value ?? {};
  // Checked before serialization. The JSON of bytes is several times as long, and takes 0.1 seconds per megabyte.
  if (isLonger(input, limit)) throw tooLarge();
  let text: string;
  let body: unknown;
  try {
    text = JSON.stringify(input);
    body = JSON.parse(text);
  } catch {
    // Circular, too deep, or not representable in JSON.
    throw unreadable();
  }
  const bytes = Buffer.from(text);
  if (bytes.length > limit) throw tooLarge();
  return { body, bytes };
}

function tooLarge(): PermissionDenied {
  return new PermissionDenied("payload_too_large", { status: 413, reason: "The message is too large." });
}

/** The denial of a message that JSON cannot represent. */
export function unreadable(): PermissionDenied {
  return new PermissionDenied("invalid_input", { status: 400, reason: "The message cannot be read as JSON." });
}

/**
 * True when the JSON of a value is certainly longer than `limit` bytes. Stops as soon as that is known, and serializes
 * nothing. The JSON of bytes is at least as long as the bytes.
 *
 * @throws {PermissionDenied} When the value contains something that JSON omits or replaces.
 */
function isLonger(value: unknown, limit: number): boolean {
  const open: unknown[] = [value];
  let isRootRead = false;
  // Created at the first nested object. A flat payload needs none.
  let met: Set<unknown> | undefined;
  for (let length = 0; open.length > 0; ) {
    const one = open.pop();
    if (typeof one === "string") length += one.length + 2;
    else if (typeof one !== "object" || one === null) {
      if (!isWord(one)) throw unreadable();
      length += 1;
    } else if (!isRootRead) {
      isRootRead = true;
      length += lengthOf(one, limit, open);
    } else {
      met ??= new Set([value]);
      if (!met.has(one)) length += lengthOf(one, limit - length, open);
      met.add(one);
    }
    if (length > limit) return true;
  }
  return false;
}

/**
 * True for `null`, booleans and finite numbers. JSON has no literal for other numbers, and omits functions, symbols and
 * `undefined`.
 */
function isWord(value: unknown): boolean {
  return value === null || typeof value === "boolean" || Number.isFinite(value);
}

/** The minimum JSON length of an object without its values, up to a limit. The values are added to `open`. */
function lengthOf(one: object, limit: number, open: unknown[]): number {
  if (ArrayBuffer.isView(one)) {
    const { byteLength } = one;
    // The elements of a `Uint8Array` are always finite numbers, so they are not checked.
    if (byteLength <= limit && !(one instanceof Uint8Array) && !isOfNumbers(one)) throw unreadable();
    return byteLength;
  }
  if (types.isDate(one)) {
    if (Number.isNaN(one.getTime())) throw unreadable();
    return 0;
  }
  // An object with `toJSON` would be judged as another value than the one its action gets.
  if (typeof (one as { toJSON?: unknown }).toJSON === "function") throw unreadable();
  if (!Array.isArray(one)) return namesOf(one as Record<string, unknown>, limit, open);
  // One byte per element is counted here, for its comma.
  if (one.length <= limit) for (const inner of one) open.push(inner);
  return one.length;
}

function isOfNumbers(view: ArrayBufferView): boolean {
  return !types.isDataView(view) && Array.prototype.every.call(view, isWord);
}

/** The minimum JSON length of the field names of an object, up to a limit. The field values are added to `open`. */
function namesOf(one: Record<string, unknown>, limit: number, open: unknown[]): number {
  // The content of maps, sets, buffers and regular expressions is in no field.
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
