import { isUtf8 } from "node:buffer";
import { isUint8Array } from "node:util/types";
import type { PublicIssue, Refusal } from "@portcullis/core";
import { type Payload, PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import type { Heartbeat } from "./heartbeat.js";

/** The request that a codec reads from one frame. A codec may add fields of its own, for its answers. */
export interface Decoded {
  /** The requested action. A message without one (`undefined`) is refused as `missing_action`. */
  readonly action: string | undefined;
  /** The client's arguments. Default: none. */
  readonly payload?: Payload;
  /** The reason why the message is unusable. It is refused as `bad_message`, with this reason. */
  readonly bad?: string;
}

/** The status and the action of a handler's reply. */
export interface Answered {
  readonly status: number;
  readonly action: string;
}

/** The content of one frame: a string for a text frame, bytes for a binary frame. */
export type Frame = string | Uint8Array;

/**
 * Decodes requests from frames and encodes answers into frames. When `decode` throws or returns an invalid request, the
 * client gets `bad_message`, and `onDecision` gets the error.
 *
 * @example
 * ```ts
 * import type { Codec, Decoded } from "@portcullis/adapter-ws";
 * const words: Codec = {
 *   decode: (data): Decoded => ({ action: data.toString().split(" ")[0] }),
 *   denied: ({ action }, { code }) => `no ${action}: ${code}`,
 * };
 * ```
 */
export interface Codec<D extends Decoded = Decoded> {
  /** Decodes one frame, text or binary. */
  decode(data: Buffer, isBinary: boolean): D;
  /**
   * Encodes a refusal.
   *
   * @param request The refused request. When `decode` has failed, it holds nothing but an undefined action.
   * @param refusal The public part of the decision.
   * @param issues Set when the payload did not fit a schema: at most five, 500 characters in all. `refusal.reason`
   *   holds the same as text.
   * @returns A frame, or `undefined` to send nothing. When the method throws or returns anything else, the client gets
   *   `{ "error": { code, status, reason, retry } }`.
   */
  denied(request: D, refusal: Refusal, issues?: readonly PublicIssue[]): Frame | undefined;
  /** Encodes a handler's reply. Only `serve()` needs it. */
  reply?(request: D, data: unknown, answered: Answered): Frame | undefined;
  /** The keep-alive texts. The guard answers them, and `decode` never receives them. */
  readonly heartbeat?: Heartbeat;
}

/** True when a JSON value is an object, and not an array or null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON. Returns `undefined` when the data is not JSON. A binary frame must be valid UTF-8, so that every later
 * reader decodes the same text.
 */
export function parseJson(data: Buffer, isBinary: boolean): unknown {
  if (isBinary && !isUtf8(data)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
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

/**
 * Asserts that a method of a codec returned a value synchronously.
 *
 * @throws {PermissionMisuse} When it returned a promise.
 */
export function assertSync(value: unknown, method: string): void {
  if (typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then !== "function") return;
  // Nobody awaits the promise, so its rejection must be handled here.
  Promise.resolve(value).catch(() => undefined);
  throw new PermissionMisuse(`the codec's ${method}() answered a promise: it must answer at once`);
}

/**
 * Checks the frame that a codec returned.
 *
 * @throws {PermissionMisuse} When it is neither a frame nor `undefined`.
 */
export function frameOf(value: unknown, method: string): Frame | undefined {
  assertSync(value, method);
  if (value === undefined || typeof value === "string" || isUint8Array(value)) return value;
  throw new PermissionMisuse(`the codec's ${method}() answered ${show(value)}: it must answer a string, or bytes`);
}
