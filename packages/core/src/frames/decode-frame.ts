import type { Codec, Decoded, Frame, FrameContext } from "../codecs/codec.js";
import { assertSync } from "../codecs/codec-result.js";
import { isRecord } from "../codecs/read-json.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionMisuse } from "../decision/errors.js";
import { badMessage, MISSING_ACTION } from "../guard/refusal.js";
import type { Payload } from "../types.js";
import { ignoreRejection } from "../util/thenable.js";

/** One request of a frame, checked. */
export interface FrameRequest {
  /** The request as the codec returned it, for its answers. */
  readonly request: Decoded;
  readonly action: string;
  readonly payload: Payload;
  /** The refusal of a request that could not be read. */
  readonly refusal: Decision | undefined;
}

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));
const UNREADABLE: Decoded = Object.freeze({ action: undefined });

/** The connection of a frame. */
export interface FrameSource extends FrameContext {
  /** The number of requests that one frame may hold. */
  readonly mostRequests: number;
}

/**
 * Decodes a frame. Never throws. An error or an invalid result of the codec is in `refusal.error`.
 *
 * @param frame The frame; `undefined` when the transport could not read it.
 * @param source The connection, which the codec gets as its context.
 * @returns The request, or a list of the requests of a frame that holds several.
 */
export function decodeFrame(
  codec: Codec,
  frame: Frame | undefined,
  source: FrameSource,
): FrameRequest | readonly FrameRequest[] {
  try {
    if (frame === undefined) throw new PermissionMisuse("the frame could not be read");
    const answer: unknown = codec.decode(frame, source);
    return isIterable(answer) ? readSeveral(answer, source.mostRequests) : readRequest(answer);
  } catch (error) {
    return unreadable(badMessage(undefined, error));
  }
}

function isIterable(answer: unknown): answer is Iterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.iterator in answer;
}

function unreadable(refusal: Decision): FrameRequest {
  return { request: UNREADABLE, action: "", payload: EMPTY_PAYLOAD, refusal };
}

function readSeveral(answer: Iterable<unknown>, most: number): FrameRequest | FrameRequest[] {
  const requests: unknown[] = [];
  for (const request of answer) {
    // A promise is a mistake that is noticed below. Until then its rejection must not end the process.
    ignoreRejection(request);
    if (requests.length === most) return unreadable(badMessage(`The frame holds more than ${most} requests.`));
    requests.push(request);
  }
  if (requests.length === 0) throw new PermissionMisuse("the codec's decode() answered an empty list");
  return requests.map(readRequest);
}

/** Reads each property once, so that a getter cannot return another value after the check. */
function readRequest(request: unknown): FrameRequest {
  assertSync(request, "decode");
  if (isRecord(request)) {
    const { action, payload = EMPTY_PAYLOAD, bad } = request;
    if (isTextOrNone(action) && isTextOrNone(bad) && isRecord(payload)) {
      return {
        request: request as never,
        action: action ?? "",
        payload,
        refusal: bad !== undefined ? badMessage(bad) : action === undefined ? MISSING_ACTION : undefined,
      };
    }
  }
  throw new PermissionMisuse(
    "the codec's decode() must return { action, payload }: a string (or undefined) and an object",
  );
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}
