import type { Codec, Frame, ServingCodec } from "../codecs/codec.js";
import { frameOf } from "../codecs/codec-result.js";
import { publicIssues, publicRefusal } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { DecodedMessage } from "./decoded-message.js";

/**
 * Encodes a refusal with the codec. When the codec fails, it falls back to `{ error }` as JSON, so that every request
 * is answered.
 *
 * @param report Receives the error of the codec.
 * @returns The frame to send, or `undefined` to send nothing.
 * @throws The error of a decision that cannot be serialized at all.
 */
export function encodeRefusal(
  codec: Codec,
  { request }: DecodedMessage,
  decision: Decision,
  report: (error: unknown) => void,
): Frame | undefined {
  const { issues } = decision;
  try {
    const shown = issues && publicIssues(issues);
    return frameOf(codec.denied(request, publicRefusal(decision), shown), "denied");
  } catch (error) {
    report(error);
    return JSON.stringify({ error: publicRefusal(decision) });
  }
}

/**
 * Encodes the answer of a handler with the codec.
 *
 * @returns The frame to send, or `undefined` to send nothing.
 * @throws The error of the codec, and a {@link PermissionMisuse} when it returned no frame.
 */
export function encodeReply(
  codec: Codec,
  { request, action: asked }: DecodedMessage,
  data: unknown,
  { status = 200, action = asked }: ReplyOptions,
): Frame | undefined {
  return frameOf((codec as ServingCodec).reply(request, data, { status, action }), "reply");
}
