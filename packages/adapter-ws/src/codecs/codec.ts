import { isUtf8 } from "node:buffer";
import { isUint8Array } from "node:util/types";
import type { PublicIssue, Refusal } from "@portcullis/core";
import { type Payload, PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";
import type { Heartbeat } from "./heartbeat.js";

/** What a codec has read from one frame. A codec may add fields of its own for its answers. */
export interface Decoded {
  /** What the client wants; `undefined` where the message does not say: it is refused as `missing_action`. */
  readonly action: string | undefined;
  /** The client's arguments. Default: none. */
  readonly payload?: Payload;
  /** Why the message cannot be used at all: it is refused as `bad_message`, with this reason. */
  readonly bad?: string;
}

/** What a served handler has answered. */
export interface Answered {
  readonly status: number;
  readonly action: string;
}

/** What is sent to a client: a string makes a text frame, bytes make a binary one. */
export type Frame = string | Uint8Array;

/**
 * Reads requests from frames and writes answers into frames. `decode` is trusted with nothing: what it throws, or
 * answers wrongly, is a `bad_message` to the client and an error to `onDecision`.
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
  /** Reads one frame, text or binary. */
  decode(data: Buffer, isBinary: boolean): D;
  /**
   * Writes a refusal; `undefined` sends nothing. Where `decode` has failed, `request` has nothing but an undefined
   * action. `issues` is there where the payload did not fit a schema, at most five in 500 characters; `refusal.reason`
   * says the same in words. Where it throws, or answers what is no frame, the client gets
   * `{ "error": { code, status, reason, retry } }`.
   */
  denied(request: D, refusal: Refusal, issues?: readonly PublicIssue[]): Frame | undefined;
  /** Writes what a served handler answered; needed by `serve()` alone. */
  reply?(request: D, data: unknown, answered: Answered): Frame | undefined;
  /** The texts by which clients keep alive: answered by the guard, and never given to `decode`. */
  readonly heartbeat?: Heartbeat;
}

/** Tells a plain record from all else that JSON knows. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads JSON; `undefined` where it is none. A binary frame must be UTF-8 throughout: it is read by others too. */
export function parseJson(data: Buffer, isBinary: boolean): unknown {
  if (isBinary && !isUtf8(data)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch {
    // It is none.
  }
  return value;
}

/** Copies a record of JSON without two of its keys; `__proto__` stays data. Faster than `...rest`, and on the hot path. */
export function without(record: Record<string, unknown>, first: string, second: string): Payload {
  const rest: Record<string, unknown> = {};
  for (const key in record) {
    if (key === first || key === second) continue;
    if (key !== "__proto__") rest[key] = record[key];
    else Object.defineProperty(rest, key, { value: record[key], writable: true, enumerable: true, configurable: true });
  }
  return rest;
}

/** Deeper than any id, and shallow enough to be written again on every engine. */
const MAX_ID_DEPTH = 100;

/** Whether an id can be sent back: one that is nested too deeply cannot be written everywhere. */
export function canEcho(id: unknown, levels = MAX_ID_DEPTH): boolean {
  if (typeof id !== "object" || id === null) return true;
  return levels > 0 && Object.values(id).every((inner) => canEcho(inner, levels - 1));
}

/**
 * Makes sure that a codec has answered at once.
 *
 * @throws {PermissionMisuse} When it answers with a promise.
 */
export function assertSync(value: unknown, method: string): void {
  if (typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then !== "function") return;
  // Whatever becomes of it, nobody waits for it: it must not be an unhandled rejection.
  Promise.resolve(value).catch(() => undefined);
  throw new PermissionMisuse(`the codec's ${method}() answered a promise: it must answer at once`);
}

/**
 * Reads what a codec has written.
 *
 * @throws {PermissionMisuse} When it is no frame.
 */
export function frameOf(value: unknown, method: string): Frame | undefined {
  assertSync(value, method);
  if (value === undefined || typeof value === "string" || isUint8Array(value)) return value;
  throw new PermissionMisuse(`the codec's ${method}() answered ${show(value)}: it must answer a string, or bytes`);
}
