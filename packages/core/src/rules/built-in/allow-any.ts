import { BasePermission } from "../base-permission.js";

/**
 * Allows every client in every phase.
 *
 * @example
 * ```ts
 * import { AllowAny, definePolicy } from "@portcullis/core";
 * const open = definePolicy({ permissions: AllowAny });
 * console.assert(open.describe().permissions?.name === "AllowAny");
 * ```
 */
export class AllowAny extends BasePermission<unknown> {
  static override readonly name = "AllowAny";

  override canConnect(): true {
    return true;
  }

  override hasPermission(): true {
    return true;
  }

  override hasObjectPermission(): true {
    return true;
  }
}
