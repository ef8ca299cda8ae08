import type { StandardIssue } from "../types.js";

/** The four outcomes. XACML calls the last two NotApplicable and Indeterminate. */
export type Outcome = "allow" | "deny" | "abstain" | "error";

/** When asking again may help. */
export type Retry = "never" | "after-auth" | "later";

/**
 * The answer of a permission, a policy or a session. Frozen. As JSON it is what a client may know of it: code, status,
 * reason, retry and retryAfter; a log reads its fields.
 */
export interface Decision {
  readonly outcome: Outcome;
  /** Short, stable, for programs. `allowed` and `abstained` where nothing was refused. */
  readonly code: string;
  /** A sentence for a human. */
  readonly reason?: string;
  /** The HTTP status that says the same; 200 for allow. */
  readonly status: number;
  /** Name of the permission that decided. */
  readonly by: string;
  readonly retry: Retry;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Headers for an HTTP refusal. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What did not fit, for `invalid_input`. */
  readonly issues?: readonly StandardIssue[];
  /** Every denial and fault that was met, where there was more than this one. */
  readonly causes?: readonly Decision[];
  /** What the rules that allowed have found. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** What was thrown. For logs; never sent to a client. */
  readonly error?: unknown;
}
