import { IncomingMessage } from "node:http";
import type { Scope } from "@portcullis/core";
import type { Body } from "./body.js";
import { makeWithPrototype } from "./class-with-prototype.js";
import type { NullSocket } from "./null-socket.js";

/** Headers of a request by name. */
export type HeaderValues = Record<string, string | string[] | undefined>;

/** The parts from which a request is made. */
export interface Derived extends Body {
  readonly phase: "connect" | "action";
  /** True when the answer opens a connection, so that its cookies can reach the client. */
  readonly isHandshake: boolean;
  /** True when no activity of the user is behind the question. */
  readonly isIdle: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderValues;
  readonly params: Readonly<Record<string, string>>;
  /** Names of payload fields that the query of a GET or HEAD cannot represent. */
  readonly unfitQuery: readonly string[];
  readonly handshake: Partial<IncomingMessage>;
  readonly scope: Scope;
}

/** Makes a request of Node that has arrived completely. */
export function makeRequest(
  { method, url, headers, bytes }: Derived,
  socket: NullSocket,
  prototype: object | undefined,
): IncomingMessage {
  const request = makeWithPrototype(IncomingMessage, prototype, socket as never);
  request.method = method;
  request.url = url;
  request.httpVersion = "1.1";
  request.httpVersionMajor = request.httpVersionMinor = 1;
  request.headers = headers;
  for (const name in headers) {
    for (const value of [headers[name] as string | string[]].flat()) request.rawHeaders.push(name, value);
  }
  // Body parsers skip a request that is an upgrade or incomplete.
  (request as { upgrade?: boolean }).upgrade = false;
  request.complete = true;
  request.push(bytes);
  request.push(null);
  return request;
}
