import { PermissionMisuse } from "../decision/errors.js";
import type { Codec } from "./codec.js";
import { dcrf } from "./dcrf.js";
import { readHeartbeat } from "./heartbeat.js";

/**
 * Checks the option `codec` of a guard.
 *
 * @param isServed True for `serve()`, which needs a `reply()` of the codec.
 * @returns The codec. Default {@link dcrf}.
 * @throws {PermissionMisuse} When it has not the methods of a codec, or a wrong heartbeat.
 */
export function readCodec(caller: string, codec: Codec = dcrf(), isServed = false): Codec {
  const { decode, denied, reply = denied, join = denied, heartbeat } = (codec ?? {}) as Partial<Codec>;
  if (![decode, denied, reply, join].every((method) => typeof method === "function")) {
    throw new PermissionMisuse(`${caller} got a wrong \`codec\`: give dcrf(), json(), jsonRpc() or { decode, denied }`);
  }
  readHeartbeat(`the codec of ${caller}`, heartbeat);
  if (isServed && codec.reply === undefined) {
    throw new PermissionMisuse(`${caller} got a \`codec\` without reply(): handlers need it to answer`);
  }
  return codec;
}
