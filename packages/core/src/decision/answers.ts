import type { StandardIssue } from "../types.js";
import { textOf } from "../util/safe-read.js";
import { show } from "../util/show.js";
import { ALLOWED, createDecision, isStatus } from "./decision.js";
import type { Decision } from "./decision-types.js";
import { misuse, PermissionMisuse } from "./errors.js";
import { checkKeys } from "./read-options.js";

/** An allowing answer. `E` is the type of its evidence. */
export interface Allow<out E = unknown> extends Decision {
  readonly outcome: "allow";
  readonly "~evidence"?: E;
}

/** A denying answer, which `not` turns into an allow. */
export interface Deny extends Decision {
  readonly outcome: "deny";
}

/** An answer without an opinion, which `not` leaves as it is. */
export interface Abstain extends Decision {
  readonly outcome: "abstain";
}

/** An answer that refuses because something is wrong, and that `not` leaves as it is. */
export interface Fault extends Decision {
  readonly outcome: "error";
}

/** The answer of a rule. */
export type Answer = boolean | Decision;

/** Options of `deny`. */
export interface DenyOptions {
  /** A sentence for humans, sent to the client. */
  reason?: string;
  /** HTTP status, 400 to 499. Default 403 (401 for `not_authenticated`, 404 for `not_found`). */
  status?: number;
  /** Seconds until a retry makes sense. */
  retryAfter?: number;
  /** Headers for an HTTP refusal. */
  headers?: Readonly<Record<string, string>>;
}

/** Options of `fault`: those of `deny`, with a status up to 599. */
export interface FaultOptions extends DenyOptions {
  issues?: readonly StandardIssue[];
  /** The cause. For logs; never sent to a client. */
  error?: unknown;
}

/** One kind of refusal, with its function, its outcome and its highest status. */
interface Kind {
  readonly name: string;
  readonly outcome: "deny" | "error";
  readonly last: number;
}

const DENY: Kind = { name: "deny", outcome: "deny", last: 499 };
const FAULT: Kind = { name: "fault", outcome: "error", last: 599 };
const NO_OPTIONS = {};
const ABSTAINED = createDecision("abstain", "abstained");

/**
 * Allows without evidence, as `true` does.
 *
 * @returns A frozen decision.
 */
export function allow(): Allow;
/**
 * Allows with evidence, which reaches the handler typed, as `evidence`.
 *
 * @param evidence An object. Its keys are merged with the evidence of the other rules that allow.
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When `evidence` is no object, or an array.
 * @example
 * ```ts
 * import { allow, permission } from "@portcullis/core";
 * const isMember = permission("isMember", () => allow({ membership: { role: "owner" } }));
 * console.assert(isMember.name === "isMember");
 * ```
 */
export function allow<const E extends Record<string, unknown>>(evidence: E): Allow<E>;
export function allow(evidence?: Record<string, unknown>): Decision {
  if (evidence === undefined) return ALLOWED;
  if (typeof evidence !== "object" || evidence === null || Array.isArray(evidence)) {
    throw misuse("allow()", evidence, "give an object of what was found, as in allow({ membership })");
  }
  return createDecision("allow", "allowed", { evidence: Object.freeze({ ...evidence }) });
}

/**
 * Denies, with a code for programs and a reason for humans.
 *
 * @param code Short and stable, for example `not_a_member`.
 * @param options `reason`, `status` (400 to 499), `retryAfter` (seconds), `headers`.
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When the code is empty, the status out of range, or an option unknown.
 * @example
 * ```ts
 * import { deny } from "@portcullis/core";
 * console.assert(deny("not_a_member", { reason: "Join the room first" }).status === 403);
 * ```
 */
export function deny(code: string, options: DenyOptions = NO_OPTIONS): Deny {
  return refusal(DENY, code, options) as Deny;
}

/**
 * Abstains, which leaves the decision to the other rules.
 *
 * @returns A frozen decision.
 * @example
 * ```ts
 * import { abstain, permission } from "@portcullis/core";
 * const onlyForUploads = permission("onlyForUploads", ({ action }) => (action === "upload" ? false : abstain()));
 * console.assert(onlyForUploads.name === "onlyForUploads");
 * ```
 */
export function abstain(): Abstain {
  return ABSTAINED as Abstain;
}

/**
 * Refuses because of a fault, such as a rate limit or a dependency that is down. `not` does not negate a fault.
 *
 * @param code Short and stable, for example `rate_limited` (429) or `directory_down`.
 * @param options `reason`, `status` (400 to 599, default 500, or 429 for `rate_limited`), `retryAfter` (seconds),
 *   `headers`, `issues`, `error` (for logs).
 * @returns A frozen decision.
 * @throws {PermissionMisuse} When the code is empty or the status out of range.
 * @example
 * ```ts
 * import { fault } from "@portcullis/core";
 * console.assert(fault("rate_limited", { retryAfter: 2 }).status === 429);
 * ```
 */
export function fault(code: string, options: FaultOptions = NO_OPTIONS): Fault {
  return refusal(FAULT, code, options) as Fault;
}

const OPTIONS = ["reason", "status", "retryAfter", "headers", "issues", "error"];

/** Makes a refusal. Each option is read once. */
function refusal({ name, outcome, last }: Kind, code: string, options: FaultOptions): Decision {
  checkRefusal(name, code, undefined, last);
  if (options === NO_OPTIONS) return createDecision(outcome, code);
  const caller = `${name}("${code}")`;
  checkKeys(caller, options, OPTIONS);
  const { reason, status, retryAfter, headers, issues, error } = options;
  checkRefusal(name, code, status, last);
  if (reason !== undefined && textOf(reason) === undefined)
    throw misuse(caller, reason, "give a sentence", "its reason");
  return createDecision(outcome, code, { reason, status, retryAfter, headers, issues, error });
}

/**
 * Checks code and status of a refusal.
 *
 * @param last The highest allowed status.
 * @throws {PermissionMisuse} When the code is empty or the status out of range.
 */
export function checkRefusal(name: string, code: unknown, status: unknown, last: number): void {
  if (typeof code !== "string" || code === "") {
    throw misuse(`${name}()`, code, `give a short string, as in ${name}("not_a_member")`, "its code");
  }
  if (status !== undefined && !isStatus(status, last)) {
    throw misuse(`${name}("${code}")`, status, `give a whole number from 400 to ${last}`, "its status");
  }
}

/** The fault of a rule whose answer is of a wrong type. */
export function invalidAnswer(value: unknown, by: string): Decision {
  const error = new PermissionMisuse(
    `\`${by}\` answered ${show(value)}: answer true, false, allow(), deny(), abstain() or fault()${value === undefined ? " (was a return forgotten?)" : ""}`,
    "invalid_answer",
  );
  return createDecision("error", "permission_error", { by, error });
}
