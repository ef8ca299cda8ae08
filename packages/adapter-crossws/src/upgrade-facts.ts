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

/** The properties that srvx adds to a request. All are missing where a server calls the adapter of crossws itself. */
interface Extended {
  readonly ip?: string;
  readonly runtime?: { readonly node?: { readonly upgrade?: { readonly socket: NodeSocket } } };
}

/** A host with its port. Some runtimes put the rest of another `Host` into the path of the URL. */
const HOST = /^[^\s/?#@\\]*$/;

/** The facts of an upgrade. They are copied, because some runtimes end the request with the upgrade. */
export class UpgradeFacts implements HandshakeInfo {
  readonly transport = "crossws";
  readonly connectedAt = Date.now();
  readonly headers: Record<string, string> = Object.create(null);
  readonly url: string = "";
  /** Undefined for a request that cannot be read. It is refused. */
  readonly path: string | undefined;
  readonly secure: boolean = false;
  readonly socket: NodeSocket | undefined;
  /** True for a request that crossws on Node made without the socket. Such a request has a property `url` of its own. */
  readonly isBare: boolean = false;

  constructor(readonly request: UpgradeRequest) {
    try {
      Object.assign(this.headers, Object.fromEntries(request.headers));
      if (!HOST.test(this.headers.host ?? "")) return;
      this.url = request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
      this.socket = (request as Extended).runtime?.node?.upgrade?.socket;
      this.isBare = this.socket === undefined && Object.hasOwn(request, "url");
      // A client can choose the scheme of the URL: on Deno by an absolute target, and that of a bare request by
      // `X-Forwarded-Proto`.
      const isGuessed = "Deno" in globalThis || (this.isBare && "x-forwarded-proto" in this.headers);
      this.secure = this.socket ? this.socket.encrypted === true : !isGuessed && request.url.startsWith("https:");
      this.path = pathOf(this.url);
    } catch {
      // Not even a path: the request is refused.
    }
  }

  /** The address that srvx found. Without srvx, crossws knows it once the connection is open. */
  get remoteAddress(): string | undefined {
    return (this.request as Extended).ip;
  }
}
