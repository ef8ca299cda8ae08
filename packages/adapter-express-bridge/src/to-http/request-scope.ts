import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Scope } from "@portcullis/core";
import { HandshakeScope, pathOf } from "@portcullis/core/adapter";
import { readExtra } from "@portcullis/core/internal";

/** Facts for which a framework is more accurate than the socket, because the server may be behind a proxy. */
export interface KnownOfRequest {
  readonly url: string;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean | undefined;
}

/**
 * Makes the scope of an HTTP request.
 *
 * @param extra The value that `authenticate` returned.
 * @throws {PermissionMisuse} When `extra` is not an object, or has a property that the scope already has.
 */
export function httpScope(request: IncomingMessage, known: KnownOfRequest, extra: unknown): Scope {
  const { headers, socket } = request;
  const knock = {
    transport: "http",
    path: pathOf(known.url),
    url: known.url,
    headers,
    remoteAddress: known.remoteAddress ?? socket.remoteAddress,
    secure: known.secure ?? (socket as Partial<TLSSocket>).encrypted === true,
    connectedAt: Date.now(),
    request,
  };
  return new HandshakeScope(knock, readExtra(extra));
}
