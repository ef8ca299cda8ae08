import type { StandardIssue } from "../types.js";

/** The four outcomes. XACML calls the last two NotApplicable and Indeterminate. */
export type Outcome = "allow" | "deny" | "abstain" | "error";

/** The condition under which a retry may succeed. */
export type Retry = "never" | "after-auth" | "later";

/**
 * The decision of a permission, a policy or a session. Frozen. Its JSON has only the fields that a client may see:
 * code, status, reason, retry and retryAfter. Logs read the fields themselves.
 */
export interface Decision {
  readonly outcome: Outcome;
  /** Short, stable, for programs. `allowed` and `abstained` when nothing was refused. */
  readonly code: string;
  /** A sentence for humans. */
  readonly reason?: string;
  /** The corresponding HTTP status (RFC 9110); 200 for allow and abstain. */
  readonly status: number;
  /** Name of the permission that decided. */
  readonly by: string;
  readonly retry: Retry;
  /** Seconds until a retry makes sense. */
  readonly retryAfter?: number;
  /** Headers for an HTTP refusal. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The issues of a payload that does not match its schema (`invalid_input`). */
  readonly issues?: readonly StandardIssue[];
  /** All denials and faults of the evaluation, when there are more than this one. Of an allow, its faults. */
  readonly causes?: readonly Decision[];
  /** The merged evidence of the rules that allowed. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** The thrown value. For logs; never sent to a client. */
  readonly error?: unknown;
}

/** A decision, or a promise of it. */
export type MaybeDecision = Decision | Promise<Decision>;
