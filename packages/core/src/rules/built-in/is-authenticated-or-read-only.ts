import { PermissionMisuse } from "../../decision/errors.js";
import type { Consumer } from "../../types.js";
import { show } from "../../util/show.js";
import { BasePermission } from "../base-permission.js";
import type { Rule } from "../permission.js";
import { isSignedIn } from "../user.js";
import type { UserScope } from "../user-types.js";

type SyncRule = Rule<UserScope, unknown, unknown, false>;

/** The rule behind {@link IsAuthenticatedOrReadOnly}. */
class SignedInOrReadOnly extends BasePermission<UserScope> {
  declare readonly "~types": SyncRule["~types"];
  override readonly name = "IsAuthenticatedOrReadOnly";
  override readonly code = "not_authenticated";
  readonly #readOnly: ReadonlySet<string>;

  constructor(readOnly: ReadonlySet<string>) {
    super();
    this.#readOnly = readOnly;
  }

  override canConnect(): true {
    return true;
  }

  override hasPermission(scope: UserScope, _consumer: Consumer, action: string): boolean {
    return this.#readOnly.has(action) || isSignedIn(scope.user);
  }
}

/**
 * Allows the named actions to every client, and all other actions to signed-in users. Every client may connect.
 *
 * @param options `readOnly`: names of the actions that change nothing, for example `["list", "retrieve"]`.
 * @returns A permission without guarantees.
 * @throws {PermissionMisuse} When `readOnly` is not a list of names, or is empty.
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticatedOrReadOnly } from "@portcullis/core";
 * definePolicy({ permissions: IsAuthenticatedOrReadOnly({ readOnly: ["list", "retrieve"] }) });
 * ```
 */
export function IsAuthenticatedOrReadOnly(options: { readonly readOnly: readonly string[] }): SyncRule {
  const names: unknown = options?.readOnly;
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string")) {
    throw new PermissionMisuse(
      `IsAuthenticatedOrReadOnly() got ${show(names)}: name the actions that only read, as in { readOnly: ["list", "retrieve"] }`,
    );
  }
  return new SignedInOrReadOnly(new Set(names));
}
