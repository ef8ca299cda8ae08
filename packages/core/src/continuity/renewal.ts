import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import type { ClientMessage } from "../guard/session/connection.js";
import type { Transport } from "../guard/session/transport.js";
import type { Lease } from "./lease.js";
import { SlidingLimit } from "./sliding-limit.js";

/** Bytes of the largest renewal. A token is smaller, and every later authentication gets the payload again. */
const MAX_BYTES = 8_192;

const TOO_LARGE: Decision = createDecision("deny", "renewal_too_large", {
  status: 413,
  reason: "A renewal may have at most 8 kB.",
  by: "renew",
});

/** Renewals of one connection within a minute. One more is refused. */
const MAX_PER_MINUTE = 5;

/** The limit of one connection. */
export const renewalLimit = () => new SlidingLimit(MAX_PER_MINUTE, 60_000);

/** The hint for a renewal whose token was not read, or whose identity ends no later than before. */
export const NOTHING_NEW = "a renewal has changed nothing: authenticate() must read the new token of `renewal`";

/** The parts of a session that a renewal needs. */
export interface RenewalParts {
  readonly lease: Lease;
  readonly limit: SlidingLimit;
  /** Reports that the answer could not be sent. Returns the decision that the client gets instead. */
  report(error: unknown): Decision;
  /** Makes a drain wait for the answer. Returns the function that ends the wait. */
  hold(): () => void;
}

/** Renews the identity of a connection with a message of its client, and answers it once. */
export function renewOver<M extends ClientMessage>(
  transport: Transport<M>,
  message: M,
  { lease, limit, report, hold }: RenewalParts,
): void {
  const refuse = (decision: Decision) => transport.sendRefusal(message, decision);
  const refusal = sizeOf(message) > MAX_BYTES ? TOO_LARGE : limited(limit);
  if (refusal) {
    lease.report("renew", refusal);
    refuse(refusal);
    return;
  }
  const { expiry, authenticatedAt, renewal: before } = lease;
  const release = hold();
  const answer = (decision: Decision) => {
    if (lease.isEnded) return;
    if (decision.outcome !== "allow") {
      // Messages wait for the renewal of an identity that has expired. They are refused now, as others are.
      if (lease.isExpired) lease.release();
      return refuse(decision);
    }
    // Most tokens count in seconds, so one that was made within the same second has the same end.
    const isSoon = lease.authenticatedAt - authenticatedAt < 1_000;
    const gained = (lease.expiry?.at ?? Number.POSITIVE_INFINITY) - (expiry?.at ?? 0);
    // A client may send a renewal once more, when it has got no answer.
    if (before === undefined && (gained < 0 || (gained === 0 && !isSoon))) lease.hint(NOTHING_NEW);
    try {
      transport.reply(message, { expiresIn: lease.expiry?.secondsLeft ?? null }, { "~isRenewal": true });
    } catch (error) {
      refuse(report(error));
    }
  };
  lease.renew({ phase: "renew", renewal: message.payload, answer: thenAlways(answer, release) });
}

/** Calls the second function after the first, which may throw. */
function thenAlways<A>(first: (argument: A) => void, second: () => void): (argument: A) => void {
  return (argument) => {
    try {
      first(argument);
    } finally {
      second();
    }
  };
}

/** The bytes of a renewal. The requests of a batch but the first count as none, so their payload is measured. */
function sizeOf({ bytes, payload }: ClientMessage): number {
  if (bytes > 0) return bytes;
  try {
    return JSON.stringify(payload).length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function limited(limit: SlidingLimit): Decision | undefined {
  const wait = limit.add();
  if (wait === undefined) return undefined;
  return createDecision("error", "rate_limited", { status: 429, retryAfter: Math.ceil(wait / 1000), by: "renew" });
}
