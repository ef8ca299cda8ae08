import { StringDecoder } from "node:string_decoder";

/** The longest message of a refusal, in bytes. */
const LONGEST = 1024;

/** A header as one text. */
export function joined(header: unknown): string | undefined {
  if (Array.isArray(header)) return header.join(", ");
  return typeof header === "string" || typeof header === "number" ? String(header) : undefined;
}

/** The seconds of a `Retry-After` (RFC 9110, section 10.2.3). If two limiters each added one, the longest counts. */
export function secondsOf(header: unknown): number | undefined {
  const all = [header].flat().flatMap((one) => secondsIn(joined(one)?.trim()) ?? []);
  return all.length === 0 ? undefined : Math.max(...all);
}

/**
 * Reads seconds or a date. Only a text that begins with a letter is a date, because `Date.parse` accepts a list of
 * numbers too.
 */
function secondsIn(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const seconds = /^[a-z]/i.test(text) ? (Date.parse(text) - Date.now()) / 1000 : Number(text);
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** The message for a human in a body: a message field of JSON, or a short text. A page has none. */
export function messageIn(body: string | undefined, type = ""): string | undefined {
  if (body === undefined) return undefined;
  if (/\bjson\b/i.test(type)) return messageOfJson(body);
  const text = body.trim();
  const isPage = /<[a-z!/?]/i.test(text) || !/^(text\/(plain|html)\b|$)/i.test(type);
  return isPage || Buffer.byteLength(text) > LONGEST ? undefined : textAt(text);
}

function messageOfJson(body: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Invalid JSON has no message.
  }
  if (typeof parsed !== "object" || parsed === null) return textAt(parsed);
  const { message, error, detail, errors } = parsed as Record<string, unknown>;
  const first = Array.isArray(errors) ? errors[0] : undefined;
  const places = [message, error, (error as { message?: unknown } | undefined | null)?.message, detail, first];
  const inner = (first as { message?: unknown; msg?: unknown } | undefined | null) ?? {};
  return [...places, inner.message, inner.msg].map(textAt).find((text) => text !== undefined);
}

/** A text that is not blank, cut to 1,024 bytes. `undefined` for any other value. */
export function textAt(value: unknown): string | undefined {
  if (typeof value !== "string" || value.trim() === "") return undefined;
  // The decoder omits a character that was cut in two.
  return new StringDecoder().write(Buffer.from(value).subarray(0, LONGEST));
}
