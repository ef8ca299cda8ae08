import type { Account } from "./options.js";

/** The meaning of one text of the server. */
export type ServerEvent =
  | { readonly kind: "answer"; readonly id: number; readonly isRefusal: boolean }
  /** `text` must be sent back. */
  | { readonly kind: "reply"; readonly text: string }
  /** The connection is ready for the text of `hello`. */
  | { readonly kind: "ready" }
  /** The client is admitted. It may resume the connection with `pid`. */
  | { readonly kind: "entered"; readonly pid?: string | undefined }
  | { readonly kind: "refused" }
  /** An event of the server. A connection may be resumed from `offset`. */
  | { readonly kind: "event"; readonly offset?: string | undefined };

/** The connection to resume. */
export interface Resumed {
  readonly pid: string;
  readonly offset: string;
}

/** A path of ws, or a namespace of socket.io. */
export type Entrance = string;

/** Encodes and decodes a protocol. */
export interface Wire {
  readonly transport: "ws" | "socket.io";
  /** The default entrance. */
  entranceOf(url: URL): Entrance;
  /** The URL of the handshake. */
  address(url: URL, entrance: Entrance): URL;
  /** The text that asks for admission once the connection is ready; `undefined` when none is needed. */
  hello(entrance: Entrance, account: Account, resumed?: Resumed): string | undefined;
  /** Encodes one message as text. */
  message(entrance: Entrance, id: number, action: string, payload: Readonly<Record<string, unknown>>): string;
  /** Decodes a text of the server; `undefined` when it has no meaning. */
  read(text: string, entrance: Entrance): ServerEvent | undefined;
}
