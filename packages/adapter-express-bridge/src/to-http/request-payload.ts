import type { IncomingMessage } from "node:http";
import { type Payload, PermissionDenied, PermissionMisuse } from "@portcullis/core";
import { isSame } from "../exchange/same-fields.js";

/** The parts of a request that a framework has parsed. */
export interface RequestParts {
  readonly method: string | undefined;
  readonly query: unknown;
  readonly body: unknown;
  /** The route parameters of the path. */
  readonly params: unknown;
}

/** Methods whose body has no meaning (RFC 9110, section 9.3.1). Their handlers read the query. */
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

/**
 * Merges the fields of a request into one payload. A name that is in two places must have one value, so that a rule and
 * a handler that reads another place cannot see different values.
 *
 * @throws {PermissionDenied} When two places have different values for one name, the body is not an object, or no
 *   parser has read it yet. The handler would see another payload.
 */
export function payloadOf({ method = "GET", query, body, params }: RequestParts, request: IncomingMessage): Payload {
  const hasBody = !WITHOUT_BODY.has(method);
  if (hasBody) checkBody(body, request);
  const places = { query, ...(hasBody && { body }), path: params };
  // INVARIANT: the payload has no prototype. Names come from the client, and a setter of a prototype would hide one.
  const payload = Object.create(null);
  for (const fields of Object.values(places)) {
    if (!isRecord(fields)) continue;
    for (const [name, value] of Object.entries(fields)) {
      // An optional part of the path that is missing.
      if (value === undefined) continue;
      if (name in payload && !isSame(payload[name], value, true)) throw ambiguous(name);
      payload[name] = value;
    }
  }
  return payload;
}

/** The cause for the logs. All requests share it, because a client may send such bodies as often as it likes. */
const UNREAD = new PermissionMisuse(
  "the request has a body that nobody has read: put the parser of its type in front, as in app.post(path, express.json(), toExpress(...), handler), or give { payload: () => ({}) } where the rule does not look at the payload",
);

/** Refuses a body that rules would not see. No rule decides on less data than its handler gets. */
function checkBody(body: unknown, request: IncomingMessage): void {
  if (isUnread(body, request)) {
    const denied = new PermissionDenied("invalid_input", { status: 415, reason: "A body of this type is not read." });
    throw Object.assign(denied, { cause: UNREAD });
  }
  if (body !== undefined && body !== null && !isRecord(body)) throw unfit("The body is no object.");
}

/** True when no parser has read the body. A parser that skips a body leaves `undefined` or an empty object. */
function isUnread(body: unknown, request: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  if (coding === undefined && Number(length ?? 0) === 0) return false;
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
