import type { Codec, Decoded, Frame } from "../codecs/codec.js";
import { readCodec } from "../codecs/read-codec.js";
import { checkRenewalStream } from "../codecs/renewal-stream.js";
import type { PublicIssue, Refusal } from "../decision/decision-parts.js";
import { misuse } from "../decision/errors.js";
import type { Continuity } from "../guard/continuity-hook.js";
import { isHeader } from "../guard/handshake/response-headers.js";
import { isDevelopment, printHint } from "../guard/setup-hints.js";

/** A refused request, as `decode` of the codec returned it. */
export interface RefusedRequest extends Decoded {
  /** The message as it came, with all its keys. The codecs of this project give it for each JSON object. */
  readonly message?: Readonly<Record<string, unknown>>;
  /** Fields that a codec of your own adds. */
  readonly [field: string]: unknown;
}

/** Options of every guard of a frame transport. */
export interface FrameOptions {
  /** The codec of messages and answers. Default `dcrf()`. */
  codec?: Codec;
  /**
   * Encodes refusals of messages in place of `denied` of the codec, for a client that expects another answer.
   *
   * @param refusal `code`, `status`, `reason`, `retry`, and `retryAfter` in seconds when it is known.
   * @param request What `decode` of the codec returned. When it has failed, nothing but an undefined action.
   * @param issues Set when the payload did not fit a schema: at most five, 500 characters in all.
   * @returns A text or bytes for one frame, or `undefined` to send nothing. When the function throws or returns anything
   *   else, the client gets `{ "error": { code, status, reason, retry } }`.
   */
  denied?: (refusal: Refusal, request: RefusedRequest, issues?: readonly PublicIssue[]) => Frame | undefined;
  /**
   * The form of a refused handshake. `"status"` (default) answers with an HTTP status before the upgrade. `"close"`
   * accepts, then closes with a code that a browser can read (4401, 4403, 1013, 1011).
   */
  refuse?: "status" | "close";
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
}

/** The names of {@link FrameOptions}. */
export const FRAME_OPTIONS: readonly (keyof FrameOptions)[] = ["codec", "denied", "refuse", "challenge"];

/** {@link FrameOptions} with their defaults. */
export interface ReadFrameOptions {
  readonly codec: Codec;
  readonly denied: FrameOptions["denied"];
  readonly refuse: "status" | "close";
  readonly challenge: string;
}

const NO_NOTICE = "the `codec` has no notify(), so no client is told that its identity ends: add notify(event, data)";

/**
 * Reads the options that all frame transports share.
 *
 * @param caller The function that the application has called.
 * @param isServed True for `serve()`, which needs a `reply()` of the codec.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readFrameOptions(
  caller: string,
  options: FrameOptions & { continuity?: Continuity; hints?: boolean },
  isServed: boolean,
): ReadFrameOptions {
  const { denied, refuse = "status", challenge = "Bearer", hints = isDevelopment() } = options;
  const renews = options.continuity?.["~renews"] ? "renewals" : undefined;
  const codec = readCodec(caller, options.codec, isServed ? "handlers" : renews);
  checkRenewalStream(caller, codec, options.continuity);
  if (hints && options.continuity && !codec.notify) printHint(NO_NOTICE);
  if (denied !== undefined && typeof denied !== "function") {
    const advice = "give a function, as in (refusal) => JSON.stringify({ error: refusal.code })";
    throw misuse(caller, denied, advice, "`denied`");
  }
  if (refuse !== "status" && refuse !== "close") {
    throw misuse(caller, refuse, 'write "status" or "close"', "`refuse`");
  }
  if (!isHeader("WWW-Authenticate", challenge)) {
    throw misuse(caller, challenge, "give a header value, as in 'Bearer realm=\"app\"'", "`challenge`");
  }
  return { codec: hints ? hinting(codec) : codec, denied, refuse, challenge };
}

/** Returns a codec that prints the first hint about a request. Without hints no message pays for it. */
function hinting(codec: Codec): Codec {
  let hintOf = codec["~hint"];
  if (hintOf === undefined) return codec;
  const decode: Codec["decode"] = (frame, context) => {
    const request = codec.decode(frame, context);
    let told: string | undefined;
    try {
      told = hintOf?.(request as Decoded);
    } catch {
      // The guard refuses a request that cannot be read.
    }
    if (told !== undefined) {
      hintOf = undefined;
      printHint(told);
    }
    return request;
  };
  return { ...codec, decode };
}
