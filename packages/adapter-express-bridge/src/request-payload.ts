import { type Payload, PermissionDenied } from "@portcullis/core";
import { isSame } from "./same.js";

/** What a framework has read of a request. */
export interface RequestParts {
  readonly method: string | undefined;
  readonly query: unknown;
  readonly body: unknown;
  /** What the route has found in the path. */
  readonly params: unknown;
}

/** Methods whose body has no meaning (RFC 9110, section 9.3.1): their handlers read the query. */
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/**
 * The fields a request brings, as one payload. A name counts that two places bring only where they agree, so that a
 * rule and a handler that reads another place than the rule cannot see different values.
 *
 * @throws {PermissionDenied} Where two places bring different values under one name.
 */
export function payloadOf({ method = "GET", query, body, params }: RequestParts): Payload {
  const places = { query, ...(!WITHOUT_BODY.has(method) && { body }), path: params };
  // INVARIANT: names come from the client, so it has no prototype, whose setters would hide one.
  const payload = Object.create(null);
  for (const fields of Object.values(places)) {
    if (!isRecord(fields)) continue;
    for (const [name, value] of Object.entries(fields)) {
      // A part of the path that may be left out, and is.
      if (value === undefined) continue;
      if (name in payload && !isSame(payload[name], value, true)) throw ambiguous(name);
      payload[name] = value;
    }
  }
  return payload;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function ambiguous(name: string): PermissionDenied {
  const reason = `\`${name.slice(0, 40)}\` is there more than once, with different values.`;
  return new PermissionDenied("invalid_input", { status: 400, reason });
}
