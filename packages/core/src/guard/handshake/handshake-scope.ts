import { PermissionMisuse } from "../../decision/errors.js";
import type { Scope, TextValue } from "../../types.js";
import type { HandshakeInfo } from "../handshake-info.js";

type Values = Readonly<Record<string, TextValue>>;
type Cookies = Readonly<Record<string, string>>;

/** The values that were read from a handshake. */
interface ReadValues {
  path?: string;
  headers?: Values;
  cookies?: Cookies;
  query?: Values;
}

/**
 * The scope of a connection. The values of `authenticate` are own properties. All others are read from the handshake on
 * demand, so that an idle connection costs little memory.
 */
export class HandshakeScope implements Scope {
  declare readonly user: unknown;
  readonly #info: HandshakeInfo;
  /** Made for the first value that is read. */
  #read: ReadValues | undefined;

  /**
   * @param extra The value that `authenticate` returned.
   * @throws {PermissionMisuse} When it has a name that the scope already has.
   */
  constructor(info: HandshakeInfo, extra: Readonly<Record<string, unknown>>) {
    this.#info = info;
    for (const key of Object.keys(extra)) {
      if (isOwnName(this, key)) {
        throw new PermissionMisuse(
          `authenticate() returned \`${key}\`, which the scope has already: give it another name`,
        );
      }
      Object.defineProperty(this, key, { value: extra[key], enumerable: true });
    }
    Object.freeze(this);
  }

  get transport(): string {
    return this.#info.transport;
  }

  get request(): unknown {
    return this.#info.request;
  }

  get connectedAt(): number {
    return this.#info.connectedAt;
  }

  get path(): string {
    this.#read ??= {};
    this.#read.path ??= this.#info.path ?? "";
    return this.#read.path;
  }

  get query(): Values {
    this.#read ??= {};
    this.#read.query ??= readQuery(this.#info.url);
    return this.#read.query;
  }

  get headers(): Values {
    this.#read ??= {};
    this.#read.headers ??= Object.freeze(Object.assign(Object.create(null), this.#info.headers)) as Values;
    return this.#read.headers;
  }

  get cookies(): Cookies {
    this.#read ??= {};
    this.#read.cookies ??= readCookies(textOf(this.#info, "cookie"));
    return this.#read.cookies;
  }

  get origin(): string | undefined {
    return textOf(this.#info, "origin");
  }

  get remoteAddress(): string | undefined {
    return this.#info.remoteAddress;
  }

  get secure(): boolean {
    return this.#info.secure;
  }

  get subprotocols(): readonly string[] {
    const header = textOf(this.#info, "sec-websocket-protocol");
    return header === undefined ? [] : header.split(",").map(trim);
  }
}

function textOf({ headers }: HandshakeInfo, name: string): string | undefined {
  return headers[name] as string | undefined;
}

/** True when the class of a scope has the name. Names of `Object.prototype` do not count. */
function isOwnName(scope: object, key: string): boolean {
  const prototype: object = Object.getPrototypeOf(scope);
  return prototype !== Object.prototype && (Object.hasOwn(prototype, key) || isOwnName(prototype, key));
}

/**
 * Parses the query. The object has no prototype, because its names come from the client. A repeated name gets an array,
 * which is extended in place, because copying it for each repetition would take quadratic time.
 */
function readQuery(url: string): Values {
  const query: Record<string, TextValue> = Object.create(null);
  const start = url.indexOf("?");
  if (start >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
      const before = query[name];
      if (before === undefined) query[name] = value;
      else if (typeof before === "string") query[name] = [before, value];
      else (before as string[]).push(value);
    }
  }
  return Object.freeze(query);
}

/**
 * Parses cookies as the package `cookie` does, which Express and cookie-parser use. The first of a repeated name
 * counts, because browsers send the cookie with the longest path first (RFC 6265, section 5.4).
 */
function readCookies(header = ""): Cookies {
  const cookies: Record<string, string> = Object.create(null);
  // A pair has at least two characters.
  for (const pair of header.length < 2 ? [] : header.split(";")) {
    const at = pair.indexOf("=");
    if (at >= 0) cookies[trim(pair.slice(0, at))] ??= decode(trim(pair.slice(at + 1)));
  }
  return Object.freeze(cookies);
}

/**
 * Removes spaces and tabs, the optional whitespace of HTTP (RFC 9110, section 5.6.3). `String.trim` removes more, but a
 * name that begins with a no-break space is another name.
 */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (isBlank(text.charCodeAt(start))) start += 1;
  while (isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function decode(value: string): string {
  const bare = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
