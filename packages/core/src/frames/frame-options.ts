import type { Codec } from "../codecs/codec.js";
import { readCodec } from "../codecs/read-codec.js";
import { PermissionMisuse } from "../decision/errors.js";
import { isHeader } from "../guard/handshake/response-headers.js";

/** Options of every guard of a frame transport. */
export interface FrameOptions {
  /** The codec of messages and answers. Default `dcrf()`. */
  codec?: Codec;
  /**
   * The form of a refused handshake. `"status"` (default) answers with an HTTP status before the upgrade. `"close"`
   * accepts, then closes with a code that a browser can read (4401, 4403, 1013, 1011).
   */
  refuse?: "status" | "close";
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
}

/** The names of {@link FrameOptions}. */
export const FRAME_OPTIONS: readonly (keyof FrameOptions)[] = ["codec", "refuse", "challenge"];

/** {@link FrameOptions} with their defaults. */
export interface ReadFrameOptions {
  readonly codec: Codec;
  readonly refuse: "status" | "close";
  readonly challenge: string;
}

/**
 * Reads the options that all frame transports share.
 *
 * @param caller The function that the application has called.
 * @param isServed True for `serve()`, which needs a `reply()` of the codec.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readFrameOptions(caller: string, options: FrameOptions, isServed: boolean): ReadFrameOptions {
  const { refuse = "status", challenge = "Bearer" } = options;
  const codec = readCodec(caller, options.codec, isServed);
  if (refuse !== "status" && refuse !== "close") {
    throw new PermissionMisuse(`${caller} got a wrong \`refuse\`: write "status" or "close"`);
  }
  if (!isHeader("WWW-Authenticate", challenge)) {
    throw new PermissionMisuse(`${caller} got a wrong \`challenge\`: give a header value, as in 'Bearer realm="app"'`);
  }
  return { codec, refuse, challenge };
}
