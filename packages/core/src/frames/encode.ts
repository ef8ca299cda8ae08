import type { Codec, Frame, ServingCodec } from "../codecs/codec.js";
import { frameOf } from "../codecs/codec-result.js";
import { publicIssues, publicRefusal } from "../decision/decision-parts.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { ReplyOptions } from "../guard/session/connection.js";
import type { DecodedMessage } from "./decoded-message.js";
import type { ReadFrameOptions, RefusedRequest } from "./frame-options.js";

/**
 * Encodes a refusal with the option `denied`, or else with the codec. When they fail, it falls back to `{ error }` as
 * JSON, so that every request is answered.
 *
 * @param report Receives the error of the codec.
 * @returns The frame to send, or `undefined` to send nothing.
 * @throws The error of a decision that cannot be serialized at all.
 */
export function encodeRefusal(
  { codec, denied }: Pick<ReadFrameOptions, "codec" | "denied">,
  { request }: DecodedMessage,
  decision: Decision,
  report: (error: unknown) => void,
): Frame | undefined {
  const { issues } = decision;
  try {
    const shown = issues && publicIssues(issues);
    const refusal = publicRefusal(decision);
    const frame = denied ? denied(refusal, request as RefusedRequest, shown) : codec.denied(request, refusal, shown);
    return frameOf(frame, "denied");
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
  { status = 200, action = asked, "~isRenewal": isRenewal }: ReplyOptions,
): Frame | undefined {
  const head = { status, action, ...(isRenewal && { isRenewal }) };
  const frame = frameOf((codec as ServingCodec).reply(request, data, head), "reply");
  // The client of a renewal waits for an answer. A notification of JSON-RPC has an `id` that is undefined.
  if (frame !== undefined || !isRenewal || ("id" in request && request.id === undefined)) return frame;
  throw new PermissionMisuse("the codec's reply() answered a renewal with undefined: return a frame");
}

/**
 * Encodes a notice of the server with the codec.
 *
 * @returns The frame to send, or `undefined` to send nothing: the codec has no form for it, or the close tells it.
 * @throws The error of the codec, and a {@link PermissionMisuse} when it returned no frame.
 */
export function encodeNotice(codec: Codec, event: string, data: object): Frame | undefined {
  return event === "auth.ended" ? undefined : frameOf(codec.notify?.(event, data), "notify");
}

/**
 * Joins the answers to one frame. Without a `join` of the codec, and when it fails, each answer stays a frame.
 *
 * @param report Receives the error of the codec.
 */
export function joinAnswers(
  codec: Codec,
  answers: readonly Frame[],
  report: (error: unknown) => void,
): readonly Frame[] {
  if (codec.join === undefined) return answers;
  try {
    const joined = frameOf(codec.join(answers), "join");
    if (joined !== undefined) return [joined];
    throw new PermissionMisuse("the codec's join() answered undefined: it must answer a string, or bytes");
  } catch (error) {
    report(error);
    return answers;
  }
}
