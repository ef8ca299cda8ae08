import type { IncomingMessage } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { type GuardOptions, readCodec } from "@portcullis/core/adapter";
import type { Codec } from "@portcullis/core/codecs";
import { isHeader, readMilliseconds } from "@portcullis/core/internal";

/** Options of {@link guard} and {@link serve}. */
export interface WsGuardOptions<Extra = unknown> extends GuardOptions<IncomingMessage, Extra> {
  /** The codec of messages and answers. Default `dcrf()`. */
  codec?: Codec;
  /**
   * The form of a refused handshake. `"status"` (default) answers with an HTTP status before the upgrade. `"close"`
   * accepts, then closes with a code that a browser can read (4401, 4403, 1013, 1011).
   */
  refuse?: "status" | "close";
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
  /** Milliseconds for which the first allowed message of a connection waits for a listener. Default 1,000. */
  listenerGrace?: number;
  /**
   * True (default) to share the event loop among connections. At most 48 messages of each are forwarded in one turn,
   * and fewer when many connections send more than that, so that fast senders do not keep the others waiting. `false`
   * leaves the server's own `allowSynchronousEvents` as it is.
   */
  fairScheduling?: boolean;
}

/** The options of this adapter, with their defaults. */
export interface OwnOptions {
  readonly codec: Codec;
  readonly refuse: "status" | "close";
  readonly challenge: string;
  readonly listenerGrace: number;
  readonly fairScheduling: boolean;
}

/** The names of the options of this adapter. */
export const OWN_OPTIONS: readonly string[] = ["codec", "refuse", "challenge", "listenerGrace", "fairScheduling"];

/**
 * Reads the options of this adapter.
 *
 * @param isServed True for `serve()`.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readOptions(caller: string, options: WsGuardOptions, isServed: boolean): OwnOptions {
  const { refuse = "status", challenge = "Bearer", listenerGrace = 1000, fairScheduling = true } = options;
  const codec = readCodec(caller, options.codec, isServed);
  if (refuse !== "status" && refuse !== "close") {
    throw new PermissionMisuse(`${caller} got a wrong \`refuse\`: write "status" or "close"`);
  }
  if (!isHeader("WWW-Authenticate", challenge)) {
    throw new PermissionMisuse(`${caller} got a wrong \`challenge\`: give a header value, as in 'Bearer realm="app"'`);
  }
  readMilliseconds(listenerGrace, "`listenerGrace`");
  if (typeof fairScheduling !== "boolean") {
    throw new PermissionMisuse(`${caller} got a wrong \`fairScheduling\`: write true or false`);
  }
  return { codec, refuse, challenge, listenerGrace, fairScheduling };
}
