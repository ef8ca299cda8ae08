import { PermissionMisuse } from "./errors.js";
import type { Scope, TextValue } from "./types.js";

type Values = Readonly<Record<string, TextValue>>;
type Cookies = Readonly<Record<string, string>>;

/** A handshake over HTTP, as an adapter knows it. */
export interface Knock {
  /** Name of the transport. */
  readonly transport: string;
  readonly path: string;
  /** What was asked for, with the query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, TextValue>>;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** The raw handshake. */
  readonly request: unknown;
}

/**
 * What is known of a connection. What `authenticate` returned are own properties; all else is read from the handshake
 * when it is asked for, so that an idle connection costs next to nothing.
 */
export class HandshakeScope implements Scope {
  declare readonly user: unknown;
  readonly #knock: Knock;
  #headers: Values | undefined;
  #cookies: Cookies | undefined;
  #query: Values | undefined;

  /**
   * @param extra What `authenticate` returned.
   * @throws {PermissionMisuse} When it has a name that the scope has already.
   */
  constructor(knock: Knock, extra: Readonly<Record<string, unknown>>) {
    this.#knock = knock;
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
    return this.#knock.transport;
  }

  get request(): unknown {
    return this.#knock.request;
  }

  get connectedAt(): number {
    return this.#knock.connectedAt;
  }

  get path(): string {
    return this.#knock.path;
  }

  get query(): Values {
    this.#query ??= readQuery(this.#knock.url);
    return this.#query;
  }

  get headers(): Values {
    this.#headers ??= Object.freeze(Object.assign(Object.create(null), this.#knock.headers)) as Values;
    return this.#headers;
  }

  get cookies(): Cookies {
    this.#cookies ??= readCookies(this.#text("cookie"));
    return this.#cookies;
  }

  get origin(): string | undefined {
    return this.#text("origin");
  }

  get remoteAddress(): string | undefined {
    return this.#knock.remoteAddress;
  }

  get secure(): boolean {
    return this.#knock.secure;
  }

  get subprotocols(): readonly string[] {
    const header = this.#text("sec-websocket-protocol");
    return header === undefined ? [] : header.split(",").map((name) => name.trim());
  }

  #text(name: string): string | undefined {
    return this.#knock.headers[name] as string | undefined;
  }
}

/** Whether a scope of that class has the name; what every object has does not count. */
function isOwnName(scope: object, key: string): boolean {
  const prototype: object = Object.getPrototypeOf(scope);
  return prototype !== Object.prototype && (Object.hasOwn(prototype, key) || isOwnName(prototype, key));
}

/**
 * Names come from the client: the object has no prototype. A name that is repeated gets an array, to which is added: a
 * client chooses how often it repeats one, so none is copied.
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

/** Of a name that is repeated the first counts: browsers send the cookie with the longest path first. */
function readCookies(header = ""): Cookies {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at < 1) continue;
    const name = pair.slice(0, at).trim();
    if (name !== "") cookies[name] ??= decode(pair.slice(at + 1).trim());
  }
  return Object.freeze(cookies);
}

function decode(value: string): string {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
