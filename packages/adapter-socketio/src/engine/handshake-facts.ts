import { type Decision, fault, PermissionMisuse } from "@portcullis/core";
import type { HandshakeInfo } from "@portcullis/core/adapter";
import type { BareConnection, BareRequest } from "../socketio-internals.js";

/**
 * The facts that a guard reads of the request that opened a connection of engine.io. They are read before any listener
 * of the application runs, because the application may drop or change the request. The request itself is not kept, so
 * that dropping it frees its memory. These facts then replace it.
 */
export class HandshakeFacts {
  readonly method = "GET";
  readonly url: string;
  /** A frozen copy, so that nobody changes or empties it. */
  readonly headers: HandshakeInfo["headers"];
  readonly socket: { readonly remoteAddress: string | undefined; readonly encrypted: boolean };

  /** @param isKnown True when there was a request to read. */
  private constructor(
    readonly isKnown: boolean,
    { url, connection, socket = connection }: BareRequest,
    headers: BareRequest["headers"],
    remoteAddress: string | undefined,
  ) {
    this.url = typeof url === "string" ? url : "";
    this.headers = Object.freeze(Object.assign(Object.create(null), headers));
    this.socket = Object.freeze({ remoteAddress, encrypted: Boolean(socket?.encrypted) });
  }

  /** Reads the request of a connection. Never throws. A request that cannot be read has `isKnown` false. */
  static of({ request, remoteAddress }: BareConnection): HandshakeFacts {
    try {
      const { headers } = request as BareRequest;
      if (Object(headers) === headers) return new HandshakeFacts(true, request as BareRequest, headers, remoteAddress);
    } catch {
      // There is no request, or it comes from another server than Node's.
    }
    return new HandshakeFacts(false, {}, {}, remoteAddress);
  }
}

/** The refusal of a connection whose request could not be read, because it could come from any page. */
export function unknownHandshake(): Decision {
  return fault("handshake_unknown", {
    reason: "It is not known where this connection comes from.",
    error: new PermissionMisuse(
      "the request that began this connection could not be read: guard the server before its first connection, and before anything takes `request` away; WebTransport has no request and cannot be guarded",
    ),
  });
}
