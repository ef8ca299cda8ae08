import { partOf, textOf, textsOf } from "../util/safe-read.js";
import { show } from "../util/show.js";

const DENIED = Symbol.for("@portcullis/core/PermissionDenied");
const MISUSE = Symbol.for("@portcullis/core/PermissionMisuse");

/** What a {@link PermissionDenied} may say beside its code. */
export interface DeniedOptions {
  /** A sentence for a human; it is sent to the client. */
  reason?: string;
  /** HTTP status, 400 to 599. Default: 403, or 401 for the code `not_authenticated`, 404 for `not_found`. */
  status?: number;
  /** Seconds after which asking again makes sense. */
  retryAfter?: number;
  /** Headers of an HTTP refusal, for example `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
  /** The error or the decision behind it. For logs; never sent to a client. */
  cause?: unknown;
}

/**
 * Thrown by a rule, by `authenticate` or by a handler to refuse with a code, a status and a reason.
 * Thrown by a rule it is a `fault`: refused as it says, and never turned round by `not`.
 *
 * @example
 * ```ts
 * import { PermissionDenied } from "@portcullis/core";
 * const error = new PermissionDenied("room_closed", { reason: "The room is closed" });
 * console.assert(PermissionDenied.isInstance(error) && error.code === "room_closed");
 * ```
 */
export class PermissionDenied extends Error {
  /** `undefined` where none was given: whoever catches it chooses the default of the moment. */
  declare readonly code: string | undefined;
  declare readonly reason: string | undefined;
  declare readonly status: number | undefined;
  declare readonly retryAfter: number | undefined;
  declare readonly headers: Readonly<Record<string, string>> | undefined;

  /**
   * @param code Short, stable, for programs; `permission_denied` where omitted.
   * @param options Reason, status (400 to 599), retryAfter (seconds), headers, cause. An option of another type is left
   *   out, because an error is made where something has gone wrong already.
   */
  constructor(code?: string, options?: DeniedOptions) {
    const name = textOf(code);
    const reason = textOf(partOf(options, "reason"));
    const cause = partOf(options, "cause");
    super(reason ?? name ?? "permission denied", cause === undefined ? undefined : { cause });
    this.name = "PermissionDenied";
    this.code = name;
    this.reason = reason;
    this.status = numberOf(partOf(options, "status"));
    this.retryAfter = numberOf(partOf(options, "retryAfter"));
    this.headers = textsOf(partOf(options, "headers"));
  }

  get [DENIED](): true {
    return true;
  }

  /** Tells a `PermissionDenied` also when it was made by another copy of this package. */
  static isInstance(value: unknown): value is PermissionDenied {
    return hasMarker(value, DENIED);
  }
}

/**
 * A mistake of the developer, found as early as it can be: its message says what to write instead.
 *
 * @example
 * ```ts
 * import { definePolicy, PermissionMisuse } from "@portcullis/core";
 * try {
 *   definePolicy({});
 * } catch (error) {
 *   console.assert(PermissionMisuse.isInstance(error));
 * }
 * ```
 */
export class PermissionMisuse extends TypeError {
  /** `permission_misuse`, or `invalid_verdict` where a rule answered something that is no answer. */
  declare readonly code: string;

  constructor(message: string, code = "permission_misuse") {
    super(message);
    this.code = code;
    this.name = "PermissionMisuse";
  }

  get [MISUSE](): true {
    return true;
  }

  /** Tells a `PermissionMisuse` also when it was made by another copy of this package. */
  static isInstance(value: unknown): value is PermissionMisuse {
    return hasMarker(value, MISUSE);
  }
}

/** Never throws: whatever was thrown may be anything. */
function hasMarker(value: unknown, marker: symbol): boolean {
  try {
    return value instanceof Error && (value as unknown as Record<symbol, unknown>)[marker] === true;
  } catch {
    return false;
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/**
 * A misuse in the words all of them share: where, what was given, and what to write instead.
 *
 * @param role What it was given as, for example the name of an option.
 */
export function misuse(caller: string, value: unknown, advice: string, role?: string): PermissionMisuse {
  return new PermissionMisuse(`${caller} got ${show(value)}${role ? ` as ${role}` : ""}: ${advice}`);
}
