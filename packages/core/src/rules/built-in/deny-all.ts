import { BasePermission } from "../base-permission.js";

/**
 * Denies every client in every phase.
 *
 * @example
 * ```ts
 * import { definePolicy, DenyAll } from "@portcullis/core";
 * const closed = definePolicy({ actions: { "room.delete": DenyAll } });
 * console.assert(closed.describe().actions?.["room.delete"]?.rule.name === "DenyAll");
 * ```
 */
export class DenyAll extends BasePermission<unknown, never> {
  static override readonly name = "DenyAll";

  override canConnect(): false {
    return false;
  }

  override hasPermission(): false {
    return false;
  }

  override hasObjectPermission(): false {
    return false;
  }
}
