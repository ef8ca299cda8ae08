import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkKeys, readMilliseconds } from "../decision/read-options.js";
import { show } from "../util/show.js";
import type { Revocations } from "./revocations.js";

/** The times of revalidation. */
export interface RevalidateOptions {
  /** Milliseconds after which a connection must have been authenticated again, at least 500. Default 300,000 (5 minutes). */
  every?: number;
  /** Milliseconds after `every` until a connection without an answer is closed with 1013. Default: `every`. */
  grace?: number;
  /** Revalidations of one guard that run at once. Default 10. */
  concurrency?: number;
}

/** Options of `continuity()`. */
export interface ContinuityOptions {
  /**
   * The action by which a client renews its identity over the open connection. Its payload is `renewal` of
   * `authenticate`. The action belongs to the guard: no rule is asked about it, and no listener gets it. A codec needs
   * `reply` for the answer. Default: none.
   */
  renew?: { readonly action: string };
  /** Milliseconds before the end of an identity at which the client is told, at least 100. Default 60,000. */
  warnBefore?: number;
  /** Milliseconds after the end of an identity until the connection is closed, at least 100. Default 10,000; 0 closes at once. */
  grace?: number;
  /** Authenticates open connections again and again. Default: on, with its defaults, where `revocations` are given. */
  revalidate?: RevalidateOptions;
  /** Ends or refreshes connections by their subjects: `memoryRevocations()`, or those of `@portcullis/revocations`. */
  revocations?: Revocations;
}

/** {@link ContinuityOptions} with their defaults. */
export interface ReadContinuityOptions {
  readonly renewAction: string | undefined;
  readonly warnBefore: number;
  readonly grace: number;
  readonly revalidate: Required<RevalidateOptions> | undefined;
  readonly revocations: Revocations | undefined;
}

const CALLER = "continuity()";
/** Milliseconds. A shorter period was given in seconds. */
const LEAST_EVERY = 500;
const LEAST_TIME = 100;
const NAMES = ["renew", "warnBefore", "grace", "revalidate", "revocations"];

/**
 * Checks the options, and fills in the defaults.
 *
 * @throws {PermissionMisuse} When one is unknown or of the wrong type.
 */
export function readContinuityOptions(options: ContinuityOptions): ReadContinuityOptions {
  checkKeys(CALLER, options, NAMES);
  const { renew, warnBefore = 60_000, grace = 10_000, revocations } = options;
  if (revocations !== undefined && typeof (revocations as Partial<Revocations> | null)?.follow !== "function") {
    throw misuse(CALLER, revocations, "give memoryRevocations(), or those of @portcullis/revocations", "`revocations`");
  }
  readTime(warnBefore, "`warnBefore`", LEAST_TIME);
  if (grace !== 0) readTime(grace, "`grace`", LEAST_TIME);
  return {
    renewAction: readRenew(renew),
    warnBefore,
    grace,
    revalidate: readRevalidate(options.revalidate ?? (revocations && {})),
    revocations,
  };
}

function readRenew(renew: ContinuityOptions["renew"]): string | undefined {
  if (renew === undefined) return undefined;
  checkKeys(`\`renew\` of ${CALLER}`, renew, ["action"]);
  if (typeof renew.action === "string" && renew.action !== "") return renew.action;
  throw misuse(CALLER, renew.action, 'name it, as in { action: "auth.renew" }', "the action of `renew`");
}

function readRevalidate(options: RevalidateOptions | undefined): Required<RevalidateOptions> | undefined {
  if (options === undefined) return undefined;
  if ((options as unknown) === false) {
    throw new PermissionMisuse(
      `\`revalidate\` of ${CALLER} is false, and a lost revocation would never be noticed: leave it out, or give { every: 3_600_000 } for one in an hour`,
    );
  }
  checkKeys(`\`revalidate\` of ${CALLER}`, options, ["every", "grace", "concurrency"]);
  const { every = 300_000, grace = every, concurrency = 10 } = options;
  readTime(every, "`revalidate.every`", LEAST_EVERY);
  readTime(grace, "`revalidate.grace`", LEAST_TIME);
  if (Number.isSafeInteger(concurrency) && concurrency > 0) return { every, grace, concurrency };
  throw new PermissionMisuse(`\`revalidate.concurrency\` is ${show(concurrency)}: give a whole number above 0`);
}

/** Checks a time in milliseconds. A short one was given in seconds. */
function readTime(time: unknown, name: string, least: number): void {
  if (typeof time === "number" && time > 0 && time < least) {
    throw new PermissionMisuse(
      `${name} is ${time} milliseconds: write ${time} * 1000 for seconds, or at least ${least}`,
    );
  }
  if (typeof time === "number" && time >= least) readMilliseconds(time, name);
  else throw new PermissionMisuse(`${name} is ${show(time)}: give milliseconds, at least ${least}`);
}
