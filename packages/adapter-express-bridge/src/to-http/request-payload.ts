import type { IncomingMessage } from "node:http";
import { type Payload, PermissionDenied, PermissionMisuse } from "@portcullis/core";
import { isSame } from "../exchange/same-fields.js";

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
 * @throws {PermissionDenied} Where two places bring different values under one name, the body has no names, or nobody
 *   has read it yet: its handler would see another one.
 */
export function payloadOf({ method = "GET", query, body, params }: RequestParts, request: IncomingMessage): Payload {
  const hasBody = !WITHOUT_BODY.has(method);
  if (hasBody) checkBody(body, request);
  const places = { query, ...(hasBody && { body }), path: params };
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

/** For the logs. One for all: a client may send such bodies as often as it likes. */
const UNREAD = new PermissionMisuse(
  "the request has a body that nobody has read: put the parser of its type in front, as in app.post(path, express.json(), toExpress(...), handler), or give { payload: () => ({}) } where the rule does not look at the payload",
);

/** No rule is asked about less than its handler gets. */
function checkBody(body: unknown, request: IncomingMessage): void {
  if (isUnread(body, request)) {
    const denied = new PermissionDenied("invalid_input", { status: 415, reason: "A body of this type is not read." });
    throw Object.assign(denied, { cause: UNREAD });
  }
  if (body !== undefined && body !== null && !isRecord(body)) throw unfit("The body is no object.");
}

/** Parsers that leave a body alone, for its type or for want of one, leave nothing, or an empty object. */
function isUnread(body: unknown, request: IncomingMessage): boolean {
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers;
  if (coding === undefined && Number(length) === 0) return false;
  if (body === undefined) return true;
  return isRecord(body) && Object.keys(body).length === 0 && request.readableDidRead === false;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function ambiguous(name: string): PermissionDenied {
  return unfit(`\`${name.slice(0, 40)}\` is there more than once, with different values.`);
}

function unfit(reason: string): PermissionDenied {
  return new PermissionDenied("invalid_input", { status: 400, reason });
}
