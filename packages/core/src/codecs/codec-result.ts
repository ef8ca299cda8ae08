import { PermissionMisuse } from "../decision/errors.js";
import { show } from "../util/show.js";
import type { Frame } from "./codec.js";

/**
 * Asserts that a method of a codec returned a value synchronously.
 *
 * @throws {PermissionMisuse} When it returned a promise.
 */
export function assertSync(value: unknown, method: string): void {
  if (typeof (value as Partial<PromiseLike<unknown>> | undefined)?.then !== "function") return;
  // Nobody awaits the promise, so its rejection must be handled here.
  Promise.resolve(value).catch(() => undefined);
  throw new PermissionMisuse(`the codec's ${method}() answered a promise: it must answer at once`);
}

/**
 * Checks the frame that a codec returned.
 *
 * @throws {PermissionMisuse} When it is neither a frame nor `undefined`.
 */
export function frameOf(value: unknown, method: string): Frame | undefined {
  assertSync(value, method);
  if (value === undefined || typeof value === "string" || value instanceof Uint8Array) return value;
  throw new PermissionMisuse(`the codec's ${method}() answered ${show(value)}: it must answer a string, or bytes`);
}
