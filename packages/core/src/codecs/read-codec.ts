import { misuse, PermissionMisuse } from "../decision/errors.js";
import type { Codec } from "./codec.js";
import { dcrf } from "./dcrf.js";
import { readHeartbeat } from "./heartbeat.js";

const REPLIES = {
  handlers: "by which handlers answer",
  renewals: "by which `renew` of continuity() answers",
};

/**
 * Checks the option `codec` of a guard.
 *
 * @param replies The callers of `reply()` of the codec: the handlers of `serve()`, or renewals. Default: nobody.
 * @returns The codec. Default {@link dcrf}.
 * @throws {PermissionMisuse} When it has not the methods of a codec, or a wrong heartbeat.
 */
export function readCodec(caller: string, codec: Codec = dcrf(), replies?: keyof typeof REPLIES): Codec {
  const { decode, denied, reply, join, notify, heartbeat } = Object(codec) as Partial<Codec>;
  if (typeof decode !== "function" || typeof denied !== "function") {
    throw misuse(caller, codec, "give dcrf(), json(), jsonRpc() or { decode, denied }", "`codec`");
  }
  for (const [name, method] of Object.entries({ reply, join, notify })) {
    if (method === undefined || typeof method === "function") continue;
    throw misuse(caller, method, "give a function", `\`codec.${name}\``);
  }
  readHeartbeat(`the codec of ${caller}`, heartbeat);
  if (replies !== undefined && codec.reply === undefined) {
    throw new PermissionMisuse(
      `${caller} got a \`codec\` without reply(), ${REPLIES[replies]}: add reply(request, data)`,
    );
  }
  return codec;
}
