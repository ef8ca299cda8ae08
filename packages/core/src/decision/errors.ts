import { partOf, textOf, textsOf } from "../util/safe-read.js";
import { show } from "../util/show.js";

const DENIED = Symbol.for("@portcullis/core/PermissionDenied");
const MISUSE = Symbol.for("@portcullis/core/PermissionMisuse");

/** Options of {@link PermissionDenied}. */
export interface DeniedOptions {
  /** A sentence for humans, sent to the client. */
  reason?: string;
  /** HTTP status, 400 to 599. Default: 403, or 401 for the code `not_authenticated`, 404 for `not_found`. */
  status?: number;
  /** Seconds until a retry makes sense. */
  retryAfter?: number;
  /** Headers of an HTTP refusal, for example `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
  /** The underlying error or decision. For logs; never sent to a client. */
  cause?: unknown;
}

/**
 * Thrown by a rule, by `authenticate` or by a handler to refuse with a code, a status and a reason. A rule that throws
 * it is at fault. The decision then has the code, status and reason of the error, and `not` does not negate it.
 *
 * @example
 * ```ts
 * import { PermissionDenied } from "@portcullis/core";
 * const error = new PermissionDenied("room_closed", { reason: "The room is closed" });
 * console.assert(PermissionDenied.isInstance(error) && error.code === "room_closed");
 * ```
 */
export class PermissionDenied extends Error {
  /**
   * `undefined` when none was given. The reader chooses a default, for example `not_authenticated` for `authenticate`.
   */
  declare readonly code: string | undefined;
  declare readonly reason: string | undefined;
  declare readonly status: number | undefined;
  declare readonly retryAfter: number | undefined;
  declare readonly headers: Readonly<Record<string, string>> | undefined;

  /**
   * @param code Short, stable, for programs. Default: `permission_denied`, or `not_authenticated` in `authenticate`.
   * @param options Reason, status (400 to 599), retryAfter (seconds), headers, cause. An option of a wrong type is left
   *   out, because making an error must not fail.
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

  /** True for a `PermissionDenied`, also for one of another copy of this package. */
  static isInstance(value: unknown): value is PermissionDenied {
    return hasMarker(value, DENIED);
  }
}

/**
 * A mistake of the developer, reported as early as possible. Its message contains the correction.
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
  /** `permission_misuse`, or `invalid_answer` when the answer of a rule is of a wrong type. */
  declare readonly code: string;

  constructor(message: string, code = "permission_misuse") {
    super(message);
    this.code = code;
    this.name = "PermissionMisuse";
  }

  get [MISUSE](): true {
    return true;
  }

  /** True for a `PermissionMisuse`, also for one of another copy of this package. */
  static isInstance(value: unknown): value is PermissionMisuse {
    return hasMarker(value, MISUSE);
  }
}

/** Never throws, although a thrown value may be anything, such as a revoked proxy. */
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
 * Makes a misuse with the message format of all misuses: caller, value, advice.
 *
 * @param role The part that the value was given as, for example the name of an option.
 */
export function misuse(caller: string, value: unknown, advice: string, role?: string): PermissionMisuse {
  return new PermissionMisuse(`${caller} got ${show(value)}${role ? ` as ${role}` : ""}: ${advice}`);
}
