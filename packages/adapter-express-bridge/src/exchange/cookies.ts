import { IncomingMessage } from "node:http";
import { PermissionMisuse, type Scope } from "@portcullis/core";

/**
 * Limits for one connection: as many cookies as a handshake response may have headers, and as many characters as Node
 * accepts in the headers of a request.
 */
const MAX_COOKIES = 64;
const MAX_LENGTH = 16_384;

/** Cookie pairs by name, as a request sends them. `undefined` marks a deleted cookie. */
type Jar = Map<string, string | undefined>;

/** Jars by handshake. A jar holds no reference to its handshake, so a closed connection leaves nothing in memory. */
const jars = new WeakMap<object, Jar>();

/** The parts of a scope that identify a connection. */
type Connected = Pick<Scope, "request"> & Partial<Pick<Scope, "headers">>;

/**
 * Keeps the cookies that middlewares set at connect for later requests of the connection, as a browser would. Only
 * attributes that delete a cookie count. The other attributes are ignored, because the cookie is for this client and
 * this server, and is kept as long as the connection.
 *
 * @throws {PermissionMisuse} When there are more cookies than a browser keeps, or more characters than Node accepts. A
 *   session must not get lost silently.
 */
export function keepCookies(scope: Connected, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const jar = jarOf(scope) ?? new Map();
  for (const line of lines) {
    const [pair, ...attributes] = line.split(";") as [string, ...string[]];
    const name = nameOf(pair);
    if (name !== "") jar.set(name, isDeletion(attributes) ? undefined : pair.trim());
  }
  const length = [...jar].reduce((sum, [name, pair = name]) => sum + pair.length + 2, 0);
  if (jar.size > MAX_COOKIES || length > MAX_LENGTH) {
    throw new PermissionMisuse(
      `the middlewares have set ${jar.size} cookies of ${length} characters for one connection: a browser keeps no more than ${MAX_COOKIES}, and Node takes ${MAX_LENGTH} characters`,
    );
  }
  // A socket.io application may drop the request later. The headers stay the same object.
  for (const key of [scope.request, scope.headers]) if (isObject(key)) jars.set(key, jar);
}

/**
 * Merges a `Cookie` header with the cookies that were set for the connection since. Returns `undefined` when none is
 * left.
 */
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
  // A real request is always the same object. A stand-in for it may be another object each time.
  if (known !== undefined || request instanceof IncomingMessage) return known;
  return isObject(scope.headers) ? jars.get(scope.headers) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function nameOf(pair: string): string {
  const [name] = pair.split("=", 1) as [string];
  return name.trim();
}

/** True when the attributes delete a cookie. `Max-Age` takes precedence over `Expires` (RFC 6265, section 5.3). */
function isDeletion(attributes: readonly string[]): boolean {
  let isExpired = false;
  let isOver: boolean | undefined;
  for (const attribute of attributes) {
    // An attribute such as `Secure` has no value.
    const [key, value] = `${attribute}=`.split("=", 2).map((part) => part.trim()) as [string, string];
    const name = key.toLowerCase();
    if (name === "max-age" && /^-?\d+$/.test(value)) isOver = Number(value) <= 0;
    else if (name === "expires") isExpired = Date.parse(value) <= Date.now();
  }
  return isOver ?? isExpired;
}
