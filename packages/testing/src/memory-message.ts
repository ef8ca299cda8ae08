import type { Payload } from "@portcullis/core";
import { badMessage, type ClientMessage, MISSING_ACTION } from "@portcullis/core/adapter";

/** A message of the in-memory transport: JSON text `{ id?, action, payload? }`. */
export interface MemoryMessage extends ClientMessage {
  readonly id: unknown;
  /** Forwards the text to the application, unchanged. */
  readonly pass: () => void;
}

/** Decodes a message. Never throws. The reason why a message is unusable is in `refusal`. */
export function decodeMessage(text: string, pass: () => void): MemoryMessage {
  const empty = { id: undefined, action: "", payload: {}, bytes: text.length, pass };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ...empty, refusal: badMessage() };
  }
  if (!isRecord(data)) return { ...empty, refusal: badMessage() };
  const { id, action, payload = {} } = data;
  if (action === undefined) return { ...empty, id, refusal: MISSING_ACTION };
  if (typeof action !== "string" || !isRecord(payload)) return { ...empty, id, refusal: badMessage() };
  return { ...empty, id, action, payload };
}

function isRecord(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
