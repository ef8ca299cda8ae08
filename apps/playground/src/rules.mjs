// @ts-check
// The rules of the chat. The page shows their source, so each is a paragraph without a blank line in it.
import { setTimeout as pause } from "node:timers/promises";
import { allow, BasePermission, deny, fault } from "@portcullis/core";

/**
 * The scope of the rules. `authenticate` adds the visitor to it, on every transport.
 *
 * @typedef {import("@portcullis/core").Scope & Readonly<import("./visitor.mjs").Visitor>} ChatScope
 * @typedef {import("@portcullis/core").ObjectContext<ChatScope>} ChatObject
 */

/**
 * A rule in class style. It is asked at the handshake and again for every message, so a ban works at once. The socket
 * stays open, but its next message is refused.
 *
 * @extends {BasePermission<ChatScope>}
 */
export class NotBanned extends BasePermission {
  /** @override */
  code = "banned";
  /** @override */
  reason = "You are banned from this chat.";
  /**
   * @override
   * @param {ChatScope} scope
   */
  canConnect(scope) {
    return !scope.user?.isBanned;
  }
  /**
   * @override
   * @param {ChatScope} scope
   */
  hasPermission(scope) {
    return !scope.user?.isBanned;
  }
}

/**
 * Makes the rules of one server.
 *
 * @param {import("@portcullis/core").PermissionFactory<ChatScope>} permission
 */
export function makeRules(permission) {
  // A rule in function style. It waits as for a database query, and passes the result to the handler.
  const members = new Map([["member", { since: "2026-01-01" }]]);
  const isMember = permission("isMember", async ({ scope, signal }) => {
    await pause(4, undefined, { signal });
    const membership = scope.user?.roles.includes("member") ? members.get(scope.user.id) : undefined;
    return membership
      ? allow({ membership })
      : deny("not_a_member", { reason: "Only members may write in this chat." });
  });

  // A rule about the payload.
  const hasLink = permission("hasLink", ({ payload }) => {
    return typeof payload.text === "string" && /https?:\/\//i.test(payload.text);
  });

  // A rule about the object of an action, here the account to ban.
  const isOneself = permission("isOneself", {
    object: (/** @type {ChatObject} */ { scope, object }) => object === scope.user,
  });

  // A rate limit of one message in two seconds. It answers with a fault, which `not` does not negate.
  const lastTimes = new Map();
  const isCalm = permission("isCalm", ({ scope }) => {
    const left = 2000 - (Date.now() - (lastTimes.get(scope.user?.id) ?? 0));
    if (left > 0) return fault("rate_limited", { retryAfter: Math.ceil(left / 1000) });
    lastTimes.set(scope.user?.id, Date.now());
    return true;
  });

  return { NotBanned, isMember, hasLink, isOneself, isCalm };
}
