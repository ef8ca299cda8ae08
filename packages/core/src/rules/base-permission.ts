import type { Answer } from "../decision/answers.js";
import type { Consumer, MaybePromise, ObjectOptions, Payload, RuleOptions, Scope } from "../types.js";
import { PERMISSION, type Permission, type PermissionKind } from "./permission.js";

/**
 * A rule in class style, as in Django Channels REST Framework. A question whose method is not defined is answered
 * with "nothing to say" (abstain); the class is instantiated once, without arguments, when the tree is built.
 *
 * `S` is the scope the rule needs, `G` what it guarantees of the scope where it allows. A subclass keeps that guarantee,
 * so it must not allow more than the class it extends.
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
  /** The reason of a denial by `false`: a sentence for a human. */
  declare readonly reason?: string;
  /** The status of a denial by `false`, 400 to 499. Default 403 (401 for `not_authenticated`). */
  declare readonly status?: number;

  /** The name in decisions and logs. Default: the name of the class. */
  declare readonly name?: string;

  /** @internal */
  get [PERMISSION](): PermissionKind {
    return "class";
  }

  /** Asked once, before the connection is opened. */
  canConnect?(scope: S, consumer: Consumer, message: Payload | undefined, options: RuleOptions): MaybePromise<Answer>;

  /** Asked before every action. */
  hasPermission?(
    scope: S,
    consumer: Consumer,
    action: string,
    payload: Payload,
    options: RuleOptions,
  ): MaybePromise<Answer>;

  /** Asked when the object of an action has been loaded. */
  hasObjectPermission?(
    scope: S,
    consumer: Consumer,
    action: string,
    object: never,
    options: ObjectOptions,
  ): MaybePromise<Answer>;
}

/** Tells a class that extends `BasePermission`, also when it extends that of another copy of this package. */
export function isPermissionClass(value: unknown): value is new () => BasePermission {
  return typeof value === "function" && value.prototype?.[PERMISSION] === "class";
}
