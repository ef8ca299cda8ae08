import { IncomingMessage } from "node:http";
import { PermissionMisuse, type Scope } from "@portcullis/core";

/** As many as a handshake's answer has headers, and as long as Node takes a request's. */
const MAX_COOKIES = 64;
const MAX_LENGTH = 16_384;

/** By name: the cookie as a request sends it, or `undefined` where it was deleted. */
type Jar = Map<string, string | undefined>;

/** By handshake. None is held by a jar, so a connection that is gone leaves nothing behind. */
const jars = new WeakMap<object, Jar>();

/** What tells one connection from another. */
type Connected = Pick<Scope, "request"> & Partial<Pick<Scope, "headers">>;

/**
 * Keeps the cookies that middlewares set at connect for the later requests of the connection, as a browser would. Of the
 * attributes only those count that delete one: whatever else a cookie is for, it is for this client and this server, and
 * it is kept as long as the connection, like those of the handshake.
 *
 * @throws {PermissionMisuse} When there are more than a browser keeps: a session must not get lost unseen.
 */
export function keepCookies(scope: Connected, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const jar = jarOf(scope) ?? new Map();
  for (const line of lines) {
    const [pair = "", ...attributes] = line.split(";");
    const name = nameOf(pair);
    if (name !== "") jar.set(name, isDeletion(attributes) ? undefined : pair.trim());
  }
  const length = [...jar].reduce((sum, [name, pair = name]) => sum + pair.length + 2, 0);
  if (jar.size > MAX_COOKIES || length > MAX_LENGTH) {
    throw new PermissionMisuse(
      `the middlewares have set ${jar.size} cookies of ${length} characters for one connection: a browser keeps no more than ${MAX_COOKIES}, and Node takes ${MAX_LENGTH} characters`,
    );
  }
  // An application of socket.io may let go of the request later; the headers stay the same object.
  for (const key of [scope.request, scope.headers]) if (isObject(key)) jars.set(key, jar);
}

/** A `Cookie` header with what was set for the connection since; `undefined` where none is left. */
export function withCookies(scope: Connected, header: string | string[] | undefined): string | string[] | undefined {
  const jar = jarOf(scope);
  if (jar === undefined) return header;
  const sent = [header ?? []].flat().join("; ").split(";");
  const pairs = sent.map((pair) => pair.trim()).filter((pair) => pair !== "" && !jar.has(nameOf(pair)));
  for (const pair of jar.values()) if (pair !== undefined) pairs.push(pair);
  return pairs.length === 0 ? undefined : pairs.join("; ");
}

function jarOf(scope: Connected): Jar | undefined {
  const { request } = scope;
  const known = isObject(request) ? jars.get(request) : undefined;
  // A real request is always the same one; what stands in for it is not.
  if (known !== undefined || request instanceof IncomingMessage) return known;
  return isObject(scope.headers) ? jars.get(scope.headers) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0]?.trim() ?? "";
}

/** `Max-Age` counts before `Expires` (RFC 6265, section 5.3). */
function isDeletion(attributes: readonly string[]): boolean {
  let isExpired = false;
  let isOver: boolean | undefined;
  for (const attribute of attributes) {
    const [key = "", value = ""] = attribute.split("=", 2).map((part) => part.trim());
    if (/^max-age$/i.test(key) && /^-?\d+$/.test(value)) isOver = Number(value) <= 0;
    else if (/^expires$/i.test(key)) isExpired = Date.parse(value) <= Date.now();
  }
  return isOver ?? isExpired;
}
