import type { RevocationRecord } from "@portcullis/core/continuity";

/** Reads a record of a log. Anything else gives `undefined`: the log may hold what other programs have written. */
export function readRecord(value: unknown): RevocationRecord | undefined {
  const { id, subject, effect, except } = Object(value) as { [K in keyof RevocationRecord]?: unknown };
  if (!isName(id) || !isName(subject) || (effect !== "revoke" && effect !== "refresh")) return undefined;
  if (except === undefined || except === null) return { id, subject, effect };
  return isName(except) ? { id, subject, effect, except } : undefined;
}

/** Reads a record from JSON. */
export function parseRecord(text: string): RevocationRecord | undefined {
  try {
    return readRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
