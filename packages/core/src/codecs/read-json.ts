import type { Payload } from "../types.js";
import type { Frame } from "./codec.js";

/** Rejects bytes that are no UTF-8. Keeps a byte order mark, as the decoding of a text frame does. */
export const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A message that is a JSON object, with all its keys. */
export type JsonMessage = Readonly<Record<string, unknown>>;

/** True when a JSON value is an object, and not an array or null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON. Returns `undefined` when the frame is not JSON. A binary frame must be valid UTF-8, so that every later
 * reader decodes the same text.
 */
export function parseJson(frame: Frame): unknown {
  let value: unknown;
  try {
    value = JSON.parse(typeof frame === "string" ? frame : UTF8.decode(frame));
  } catch {
    // Not JSON.
  }
  return value;
}

/** Copies a JSON object without two of its keys. `__proto__` stays data. On the hot path, and faster than `...rest`. */
export function without(record: Record<string, unknown>, first: string, second: string): Payload {
  const rest: Record<string, unknown> = {};
  for (const key in record) {
    if (key === first || key === second) continue;
    if (key !== "__proto__") rest[key] = record[key];
    else Object.defineProperty(rest, key, { value: record[key], writable: true, enumerable: true, configurable: true });
  }
  return rest;
}

/** Levels of nesting: more than any id has, and few enough for `JSON.stringify` of every engine. */
const MAX_ID_DEPTH = 100;

/** True when an id can be echoed. An id that is nested too deeply cannot be serialized on every engine. */
export function canEcho(id: unknown, levels = MAX_ID_DEPTH): boolean {
  if (typeof id !== "object" || id === null) return true;
  return levels > 0 && Object.values(id).every((inner) => canEcho(inner, levels - 1));
}
