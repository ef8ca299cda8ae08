import { PermissionMisuse } from "@portcullis/core";
import { show } from "@portcullis/core/internal";

/** An option as a caller has passed it. */
export interface PassedOption {
  readonly caller: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Checks an option.
 *
 * @param expected Names what the option must be.
 * @throws {PermissionMisuse} When it is not valid.
 */
export function assertOption(isValid: boolean, { caller, key, value }: PassedOption, expected: string): void {
  if (!isValid) throw new PermissionMisuse(`${caller} got ${show(value)} as \`${key}\`: give ${expected}`);
}
