import { isMisspelling } from "../util/misspelling.js";
import { show } from "../util/show.js";
import { ignoreRejection } from "../util/thenable.js";
import { misuse, PermissionMisuse } from "./errors.js";

const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Checks that an options object has known keys only.
 *
 * @throws {PermissionMisuse} When it is no object, is a promise of one, or has an unknown key. The message lists the known keys.
 */
export function checkKeys(caller: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw misuse(caller, options, `give an object with ${known.join(", ")}`);
  }
  // A promise has no keys, so its options would be ignored.
  if (ignoreRejection(options)) throw misuse(caller, options, "write `await` before the options");
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const meant = known.find((key) => isMisspelling(unknown, key) || isMisspelling(key, unknown));
  const list = `the options are ${known.join(", ")}`;
  const advice = meant === undefined ? list : `write \`${meant}\`; ${list}`;
  throw new PermissionMisuse(`${caller} has no option \`${unknown}\`: ${advice}`);
}

/**
 * Checks a duration in milliseconds.
 *
 * @throws {PermissionMisuse} When it is no number above 0, or longer than a timer can run (2^31 - 1).
 */
export function readMilliseconds(value: unknown, name: string): number {
  if (typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT) return value;
  throw new PermissionMisuse(`${name} is ${show(value)}: give milliseconds, from 1 to ${LONGEST_TIMEOUT}`);
}

/** The allowed values of an option, and the advice for any other value. */
export interface Choice {
  readonly values: readonly unknown[];
  readonly advice: string;
}

/**
 * Checks that an option has one of a few values.
 *
 * @throws {PermissionMisuse} When it has another value.
 */
export function checkChoice(caller: string, key: string, value: unknown, { values, advice }: Choice): void {
  if (!values.includes(value)) throw misuse(caller, value, advice, `\`${key}\``);
}
