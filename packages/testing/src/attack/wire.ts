import type { Account } from "./options.js";

/** What a text of the server means. */
export type ServerEvent =
  | { readonly kind: "answer"; readonly id: number; readonly isRefusal: boolean }
  /** A text is to be sent back. */
  | { readonly kind: "reply"; readonly text: string }
  /** The line is ready for what lets a client in. */
  | { readonly kind: "ready" }
  /** The client is let in; `pid` where it may resume the connection. */
  | { readonly kind: "entered"; readonly pid?: string | undefined }
  | { readonly kind: "refused" }
  /** Something nobody asked for; `offset` from which a connection may be resumed. */
  | { readonly kind: "event"; readonly offset?: string | undefined };

/** A connection that is resumed. */
export interface Resumed {
  readonly pid: string;
  readonly offset: string;
}

/** One way in: a path of ws, or a namespace of socket.io. */
export type Entrance = string;

/** How a protocol is spoken. */
export interface Wire {
  readonly transport: "ws" | "socket.io";
  /** Where a client goes that takes no other entrance. */
  entranceOf(url: URL): Entrance;
  /** Where a line is opened. */
  address(url: URL, entrance: Entrance): URL;
  /** What is said once the line is ready, to be let in; `undefined` where nothing needs to be. */
  hello(entrance: Entrance, account: Account, resumed?: Resumed): string | undefined;
  /** One message as text. */
  message(entrance: Entrance, id: number, action: string, payload: Readonly<Record<string, unknown>>): string;
  /** Reads what comes; `undefined` where it means nothing. */
  read(text: string, entrance: Entrance): ServerEvent | undefined;
}
