import { type Decision, decision, type Retry } from "./decision.js";
import type { StandardIssue } from "./types.js";
import { keyOf } from "./validate.js";

/** What a client is told of a refusal; nothing else of a decision ever leaves the server. */
export interface Refusal {
  code: string;
  status: number;
  reason: string;
  retry: Retry;
  /** Seconds. */
  retryAfter?: number;
}

/** The part of a refusal that a client may see. */
export function publicRefusal({ code, status, reason = "", retry, retryAfter }: Decision): Refusal {
  return { code, status, reason, retry, ...(retryAfter !== undefined && { retryAfter }) };
}

/** One thing that did not fit, as a client may be told of it. */
export interface PublicIssue {
  /** Where it is: names from the outside in; none for the payload itself. */
  readonly path: readonly string[];
  readonly message: string;
}

const MOST_ISSUES = 5;
const MOST_CHARACTERS = 500;

/**
 * What did not fit, as far as a client is told of it: at most five issues, in 500 characters with their paths. Never
 * throws: what cannot be read is left out.
 */
export function publicIssues(issues: readonly StandardIssue[]): readonly PublicIssue[] {
  const told: PublicIssue[] = [];
  let left = MOST_CHARACTERS;
  try {
    for (let index = 0; index < MOST_ISSUES && index < issues.length; index++) {
      const { path: parts = [], message } = issues[index] as StandardIssue;
      const path: string[] = [];
      for (const part of parts) {
        const name = keyOf(part);
        // One for what stands between two names.
        left -= name.length + 1;
        if (left <= 0) return told;
        path.push(name);
      }
      if (left <= 0) return told;
      if (typeof message !== "string") continue;
      const text = message.slice(0, left);
      left -= text.length;
      told.push({ path, message: text });
    }
  } catch {
    // An issue of a rule's own making: the reason says what there is to say.
  }
  return told;
}

/**
 * The close code (RFC 6455, section 7.4.2: 4000 to 4999 are private) that says the same as a refusal:
 * 401 is 4401, 429 and 503 are 1013, 500 is 1011, all else is 4403.
 */
export function closeCodeOf({ status }: Decision): number {
  if (status === 401) return 4401;
  if (status === 429 || status === 503) return 1013;
  return status === 500 ? 1011 : 4403;
}

/**
 * The codec could not decode a message.
 *
 * @param error What a codec has thrown; for `onDecision` alone.
 */
export function badMessage(reason = "The message could not be read.", error?: unknown): Decision {
  return decision("deny", "bad_message", { status: 400, reason, by: "codec", error });
}

/** What a handshake or a request asks for is no URL: nothing can be decided about its path. */
export const BAD_TARGET: Decision = decision("deny", "bad_target", {
  status: 400,
  reason: "The request target could not be read.",
  by: "guard",
});

/** The codec found no action in a message. */
export const MISSING_ACTION: Decision = decision("deny", "missing_action", {
  status: 405,
  reason: "Unable to find action in message body.",
  by: "codec",
});

/** More messages wait on the connection than may. */
export const TOO_MANY_PENDING: Decision = decision("error", "too_many_pending", {
  status: 429,
  reason: "Too many messages are waiting on this connection.",
  retryAfter: 1,
  by: "limits",
});

/** A message, or what waits with it, is larger than may be. */
export const PAYLOAD_TOO_LARGE: Decision = decision("error", "payload_too_large", {
  status: 413,
  reason: "The message is too large.",
  by: "limits",
});

/** The server is about to close. */
export const GOING_AWAY: Decision = decision("error", "going_away", {
  status: 503,
  reason: "The server is closing.",
  by: "guard",
});
