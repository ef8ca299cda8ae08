import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";

/** An option as a caller has passed it. */
export interface PassedOption {
  readonly caller: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Throws unless an option is valid.
 *
 * @param expected Description of a valid value, for the error message.
 * @throws {PermissionMisuse} When `isValid` is false.
 */
export function assertOption(isValid: boolean, { caller, key, value }: PassedOption, expected: string): void {
  if (!isValid) throw new PermissionMisuse(`${caller} got ${show(value)} as \`${key}\`: give ${expected}`);
}
