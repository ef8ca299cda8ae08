import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { PermissionMisuse, type Scope, type TextValue } from "@portcullis/core";
import { readCookies, readQuery } from "@portcullis/core/adapter";

type Values = Readonly<Record<string, TextValue>>;
type Cookies = Readonly<Record<string, string>>;

/** A handshake, and when it came. */
export interface Knock {
  readonly request: IncomingMessage;
  readonly connectedAt: number;
  readonly remoteAddress: string | undefined;
}

/**
 * What is known of a connection. What `authenticate` returned are own properties; all else is read from the request
 * when it is asked for, so that an idle connection costs next to nothing.
 */
export class WsScope implements Scope {
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
      if (Object.hasOwn(WsScope.prototype, key)) {
        throw new PermissionMisuse(
          `authenticate() returned \`${key}\`, which the scope has already: give it another name`,
        );
      }
      Object.defineProperty(this, key, { value: extra[key], enumerable: true });
    }
    Object.freeze(this);
  }

  get transport(): string {
    return "ws";
  }

  get request(): IncomingMessage {
    return this.#knock.request;
  }

  get connectedAt(): number {
    return this.#knock.connectedAt;
  }

  get path(): string {
    return this.#url.split("?", 1)[0] as string;
  }

  get query(): Values {
    this.#query ??= readQuery(this.#url);
    return this.#query;
  }

  get headers(): Values {
    this.#headers ??= Object.freeze(Object.assign(Object.create(null), this.request.headers)) as Values;
    return this.#headers;
  }

  get cookies(): Cookies {
    this.#cookies ??= readCookies(this.request.headers.cookie);
    return this.#cookies;
  }

  get origin(): string | undefined {
    return this.request.headers.origin;
  }

  get remoteAddress(): string | undefined {
    return this.#knock.remoteAddress;
  }

  get secure(): boolean {
    return (this.request.socket as Partial<TLSSocket>).encrypted === true;
  }

  get subprotocols(): readonly string[] {
    const header = this.request.headers["sec-websocket-protocol"];
    return header === undefined ? [] : header.split(",").map((name) => name.trim());
  }

  get #url(): string {
    return this.request.url ?? "/";
  }
}
