import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { pathOf } from "@portcullis/core/adapter";
import { PolledConnection } from "@portcullis/core/frames";
import type { Message, Peer } from "crossws";
import type { Guarding, UpgradeRequest } from "./options.js";

type NodeSocket = Socket & Partial<Pick<TLSSocket, "encrypted">>;

/** The properties that srvx adds to a request. All are missing where a server calls the adapter of crossws itself. */
interface Extended {
  readonly ip?: string;
  readonly runtime?: {
    readonly node?: { readonly upgrade?: { readonly socket: NodeSocket }; readonly req?: { readonly url?: string } };
  };
}

/** A host with its port. Some runtimes put the rest of another `Host` into the path of the URL. */
const HOST = /^[^\s/?#@\\]*$/;

/** The facts of an upgrade. They are copied, because some runtimes end the request with the upgrade. */
export abstract class UpgradeFacts extends PolledConnection<Peer, Message, UpgradeRequest> {
  readonly transport = "crossws";
  readonly headers: Record<string, string> = Object.create(null);
  readonly url: string = "";
  /** Undefined for a request that cannot be read. */
  readonly path: string | undefined;
  readonly secure: boolean = false;
  readonly socket: NodeSocket | undefined;
  /** True for a request that crossws on Node made without the socket. Such a request has a property `url` of its own. */
  readonly isBare: boolean = false;

  constructor(
    override readonly guarding: Guarding,
    readonly request: UpgradeRequest,
  ) {
    super(guarding);
    try {
      Object.assign(this.headers, Object.fromEntries(request.headers));
      if (!HOST.test(this.headers.host ?? "")) return;
      this.url = request.url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
      const node = (request as Extended).runtime?.node;
      this.socket = node?.upgrade?.socket;
      this.isBare = this.socket === undefined && Object.hasOwn(request, "url");
      // A client can choose the scheme of the URL: on Deno by an absolute target, and that of a bare request by
      // `X-Forwarded-Proto`.
      const isGuessed = "Deno" in globalThis || (this.isBare && "x-forwarded-proto" in this.headers);
      this.secure = this.socket ? this.socket.encrypted === true : !isGuessed && request.url.startsWith("https:");
      const path = pathOf(this.url);
      // The URL of srvx hides that a client has sent a host as well, as in `http:///admin`.
      if (pathOf(node?.req?.url ?? this.url) === path) this.path = path;
    } catch {
      // Not even a path: the request is refused.
    }
  }

  /** The address that srvx found. Without srvx, crossws knows it once the connection is open. */
  get remoteAddress(): string | undefined {
    return this.raw?.remoteAddress ?? (this.request as Extended).ip;
  }

  /** Cuts off a client whose upgrade takes too long, or whose connection a rule has closed. */
  override abort(): void {
    super.abort();
    this.socket?.destroy();
  }
}
