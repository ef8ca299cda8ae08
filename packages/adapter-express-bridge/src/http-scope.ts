import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { PermissionMisuse, type Scope } from "@portcullis/core";
import { readCookies, readQuery, show } from "@portcullis/core/adapter";

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
  const own = {
    transport: "http",
    path: known.url.split("?", 1)[0] as string,
    query: readQuery(known.url),
    headers: Object.freeze(Object.assign(Object.create(null), headers)),
    cookies: readCookies(headers.cookie),
    origin: headers.origin,
    remoteAddress: known.remoteAddress ?? socket.remoteAddress,
    secure: known.secure ?? (socket as Partial<TLSSocket>).encrypted === true,
    subprotocols: Object.freeze([]),
    connectedAt: Date.now(),
    request,
  };
  if (extra !== undefined && extra !== null && (typeof extra !== "object" || Array.isArray(extra))) {
    throw new PermissionMisuse(
      `authenticate() returned ${show(extra)}: return an object for the scope, as in { user }`,
    );
  }
  const taken = Object.keys(extra ?? {}).find((key) => Object.hasOwn(own, key));
  if (taken !== undefined) {
    throw new PermissionMisuse(
      `authenticate() returned \`${taken}\`, which the scope has already: give it another name`,
    );
  }
  return Object.freeze({ user: null, ...extra, ...own });
}
