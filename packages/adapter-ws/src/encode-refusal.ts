import type { Decision } from "@portcullis/core";
import { publicIssues, publicRefusal } from "@portcullis/core/adapter";
import { type Codec, type Frame, frameOf } from "./codecs/codec.js";
import type { Message } from "./message.js";

/**
 * Writes a refusal: by the codec, and where that fails in the one way that needs no codec. Every request is answered.
 *
 * @param report Called with the error of a codec.
 * @throws The error of a decision that cannot be written at all.
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
