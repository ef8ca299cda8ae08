import type { Answer } from "../decision/answers.js";
import type { Consumer, MaybePromise, ObjectOptions, Payload, RuleOptions, Scope } from "../types.js";
import { PERMISSION, type Permission, type PermissionKind } from "./permission.js";

/**
 * A rule in class style, as in Django Channels REST Framework (DCRF). A rule abstains in a phase for which it has no
 * method. Under `connect` of a policy, `hasPermission` stands in for a missing `canConnect`. The class is instantiated
 * once, without arguments, when the tree is built.
 *
 * `S` is the scope that the rule needs. `G` is its guarantee, the properties of the scope once it has allowed. A
 * subclass inherits the guarantee, so it must not allow more than its base class.
 *
 * @example
 * ```ts
 * import { BasePermission, type Consumer, type Payload, type Scope } from "@portcullis/core";
 * class IsRoomMember extends BasePermission {
 *   readonly code = "not_a_member";
 *   hasPermission(scope: Scope, consumer: Consumer, action: string, payload: Payload) {
 *     return payload.room === "lobby";
 *   }
 * }
 * ```
 */
export class BasePermission<in S = Scope, out G = unknown> implements Permission<S, G> {
  declare readonly "~types": {
    readonly scope: (scope: S) => void;
    readonly guarantee: G;
    readonly evidence: unknown;
    readonly async: boolean;
  };

  /** The code of a denial by `false`. Default `permission_denied`. */
  declare readonly code?: string;
  /** The reason of a denial by `false`, a sentence for humans. */
  declare readonly reason?: string;
  /** The status of a denial by `false`, 400 to 499. Default 403 (401 for `not_authenticated`). */
  declare readonly status?: number;

  /** The name in decisions and logs. Default: the name of the class. */
  declare readonly name?: string;

  /** @internal */
  get [PERMISSION](): PermissionKind {
    return "class";
  }

  /** Called before the connection is opened, and again when a session is refreshed. */
  canConnect?(scope: S, consumer: Consumer, message: Payload, options: RuleOptions): MaybePromise<Answer>;

  /** Called before every action. */
  hasPermission?(
    scope: S,
    consumer: Consumer,
    action: string,
    payload: Payload,
    options: RuleOptions,
  ): MaybePromise<Answer>;

  /** Called once the object of an action has been loaded. */
  hasObjectPermission?(
    scope: S,
    consumer: Consumer,
    action: string,
    object: never,
    options: ObjectOptions,
  ): MaybePromise<Answer>;
}

/** True for a class that extends `BasePermission`, also that of another copy of this package. */
export function isPermissionClass(value: unknown): value is new () => BasePermission {
  return typeof value === "function" && value.prototype?.[PERMISSION] === "class";
}
