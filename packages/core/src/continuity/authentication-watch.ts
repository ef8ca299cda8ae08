import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import type { Identify } from "../guard/identity.js";
import type { WatchedAuthentication } from "../guard/watched-authentication.js";
import type { Scope } from "../types.js";
import { readClock } from "../util/clock.js";
import { ANONYMOUS_IDENTITY, hasEnded, identityOf, type ReadIdentity, TOKEN_EXPIRED } from "./identity.js";
import { isAddressedSince, type RecentRecords, type RecordMark } from "./recent-records.js";

/** Further authentications because of a revocation that came meanwhile. */
const REPEATS = 3;

/** The refusal of a client about whom revocations came faster than it could be authenticated. */
export const UNSETTLED: Decision = createDecision("error", "permission_timeout", {
  status: 503,
  by: "continuity",
  error: "the authorization changed before each answer",
});

/** One authentication, and the revocations that have come since it began. */
export class AuthenticationWatch implements WatchedAuthentication {
  identity: ReadIdentity = ANONYMOUS_IDENTITY;
  /** The begin of the last authentication, in the time of `readClock()`. */
  beganAt = 0;
  readonly #identify: Identify;
  readonly #recent: RecentRecords | undefined;
  #mark: RecordMark | undefined;

  /** @param isOpen True for a connection that is open already. It has time for a renewal once its identity has expired. */
  constructor(
    identify: Identify,
    recent: RecentRecords | undefined,
    private readonly isOpen = false,
  ) {
    this.#identify = identify;
    this.#recent = recent;
  }

  /** The mark at which the last authentication began; `undefined` after the end. */
  get mark(): RecordMark | undefined {
    return this.#mark;
  }

  /** True when a revocation about the client has come since the authentication began. */
  get isStale(): boolean {
    return this.#mark !== undefined && isAddressedSince(this.#mark, this.identity.subjects);
  }

  run(ask: () => Decision | Promise<Decision>, repeats = REPEATS): Decision | Promise<Decision> {
    this.beganAt = readClock();
    this.#mark = this.#recent?.end;
    const check = (decision: Decision) => {
      if (decision.outcome !== "allow") return decision;
      if (this.isStale) return repeats > 0 ? this.run(ask, repeats - 1) : UNSETTLED;
      // The connect rules may have taken longer than the identity was valid.
      return !this.isOpen && hasEnded(this.identity) ? TOKEN_EXPIRED : decision;
    };
    const answer = ask();
    return answer instanceof Promise ? answer.then(check) : check(answer);
  }

  identify(scope: Scope): Decision | undefined {
    const identity = identityOf(this.#identify, scope);
    if ("outcome" in identity) return identity;
    this.identity = identity;
    return undefined;
  }

  end(): void {
    this.#mark = undefined;
  }
}
