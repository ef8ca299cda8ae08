import type { Decision } from "@portcullis/core";
import { publicIssues, publicRefusal } from "@portcullis/core/adapter";
import { type Codec, type Frame, frameOf } from "./codecs/codec.js";
import type { Message } from "./message.js";

/**
 * Encodes a refusal with the codec. When the codec fails, it falls back to `{ error }` as JSON, so that every request
 * is answered.
 *
 * @param report Receives the error of the codec.
 * @throws The error of a decision that cannot be serialized at all.
 */
export function encodeRefusal(
  codec: Codec,
  message: Message,
  decision: Decision,
  report: (error: unknown) => void,
): Frame | undefined {
  const { issues } = decision;
  try {
    const shown = issues && publicIssues(issues);
    return frameOf(codec.denied(message.request, publicRefusal(decision), shown), "denied");
  } catch (error) {
    report(error);
    return JSON.stringify({ error: publicRefusal(decision) });
  }
}
