import { type HandshakeInfo, pathOf } from "@portcullis/core/adapter";
import type { Hooks } from "crossws";

/** The argument of the hook `upgrade` and of `authenticate`. */
export type UpgradeRequest = Parameters<Hooks["upgrade"]>[0];

/** The part of a Node socket that the guard uses. */
interface NodeSocket {
  readonly encrypted?: boolean;
  on(event: "error" | "end" | "close", listener: () => void): unknown;
  off(event: "end" | "close", listener: () => void): unknown;
  destroy(): unknown;
}

/** What srvx adds to a request. All of it is missing where a server calls the adapter of crossws itself. */
interface Extended {
  readonly ip?: string;
  readonly runtime?: { readonly node?: { readonly upgrade?: { readonly socket: NodeSocket } } };
}

type Facts = Pick<HandshakeInfo, "url" | "path" | "headers" | "secure"> & {
  readonly socket: NodeSocket | undefined;
  /** True for a request that crossws on Node made without the socket. Such a request has a property `url` of its own. */
  readonly isBare: boolean;
};

/** Reads the facts of an upgrade. One without a path is refused. */
export function factsOf(request: UpgradeRequest): Facts {
  try {
    return readFacts(request);
  } catch {
    return { headers: {}, socket: undefined, url: "", path: undefined, secure: false, isBare: false };
  }
}

/** All are copied, because some runtimes end the request with the upgrade. */
function readFacts(request: UpgradeRequest): Facts {
  const headers: Record<string, string> = Object.assign(Object.create(null), Object.fromEntries(request.headers));
  const url = request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  const socket = (request as Extended).runtime?.node?.upgrade?.socket;
  const isBare = socket === undefined && Object.hasOwn(request, "url");
  // crossws takes the scheme of a bare request from `X-Forwarded-Proto` where there is no TLS, and a client can send that.
  const isGuessed = isBare && "x-forwarded-proto" in headers;
  const secure = socket ? socket.encrypted === true : !isGuessed && request.url.startsWith("https:");
  return { headers, socket, isBare, url, path: pathOf(request.url), secure };
}

/** The address that srvx found. Without srvx, crossws knows it once the connection is open. */
export function addressOf(request: UpgradeRequest): string | undefined {
  return (request as Extended).ip;
}
