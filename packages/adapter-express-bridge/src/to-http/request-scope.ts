import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Scope } from "@portcullis/core";
import { HandshakeScope, pathOf } from "@portcullis/core/adapter";
import { readExtra } from "@portcullis/core/internal";

/** What a framework knows of a request better than its socket: it may stand behind a proxy. */
export interface KnownOfRequest {
  readonly url: string;
  readonly remoteAddress: string | undefined;
  readonly secure: boolean | undefined;
}

/**
 * The scope of an HTTP request: what rules see of it.
 *
 * @param extra What `authenticate` returned.
 * @throws {PermissionMisuse} When that is no object, or has a name that the scope has already.
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
