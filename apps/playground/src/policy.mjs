// @ts-check
// Read this file first: it holds every rule of the chat. The rest of the server only carries messages.
import {
  AllowAny,
  allow,
  and,
  BasePermission,
  deny,
  HasRole,
  IsAuthenticated,
  not,
  or,
  permissionsFor,
} from "@portcullis/core";
import { findMembership } from "./accounts.mjs";

/**
 * What the rules may know: who is there. `authenticate` in transports.mjs adds it, on either transport.
 *
 * @typedef {import("@portcullis/core").Scope & Readonly<import("./visitor.mjs").Visitor>} ChatScope
 */

const { permission } = /** @type {typeof permissionsFor<ChatScope>} */ (permissionsFor)();

/**
 * A rule in class style. It is asked when a socket is opened and again for every message, so a ban works at once: the
 * socket stays open, but its next message is refused.
 *
 * @extends {BasePermission<ChatScope>}
 */
class NotBanned extends BasePermission {
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

/** A rule in function style. It has to look something up, and hands what it found to the handler. */
const isMember = permission("isMember", async ({ scope, signal }) => {
  const membership = await findMembership(scope.user?.id, signal);
  return membership ? allow({ membership }) : deny("not_a_member", { reason: "Only members may write in this chat." });
});

const hasLink = permission(
  "hasLink",
  ({ payload }) => typeof payload.text === "string" && /https?:\/\//i.test(payload.text),
);

/** A combination in words of its own: without them it would only say that permission is denied. */
const hasNoLink = not(hasLink, { code: "no_links", reason: "Members may not post links." });

/** Asked about the object of an action: here the account that is to be banned. */
const isOneself = permission("isOneself", {
  object: (/** @type {import("@portcullis/core").ObjectContext<ChatScope>} */ { scope, object }) =>
    object === scope.user,
});

/** Asked of everything, beside the rule of the action. */
export const everything = NotBanned;

/** Who is signed in may read; members may write, but not post links; admins may do both. */
export const mayRead = IsAuthenticated;
export const mayWrite = and(IsAuthenticated, or(and(isMember, hasNoLink), HasRole("admin")));

/** Admins may ban, but not themselves. */
export const mayBan = and(IsAuthenticated, HasRole("admin"), not(isOneself));

export const mayPing = AllowAny;

/** Decisions are for the page whose clients they are about: it names itself when it connects. */
export const mayWatchDecisions = permission("namesItsPage", ({ scope }) => scope.watchedPage !== undefined);
