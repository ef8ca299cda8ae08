// @ts-check
import { PermissionDenied } from "@portcullis/core";
import { consumersFor } from "@portcullis/core/consumer";
import { everything, mayBan, mayPing, mayRead, mayWatchDecisions, mayWrite } from "./policy.mjs";

/** @typedef {import("./policy.mjs").ChatScope} ChatScope */

const { defineConsumer } = /** @type {typeof consumersFor<ChatScope>} */ (consumersFor)();

const LONGEST_TEXT = 500;

/**
 * The actions of the chat: each has a name, its rule and a handler, which runs only where the rule allows. What a
 * handler returns is the reply.
 *
 * @param {object} parts
 * @param {import("./accounts.mjs").Accounts} parts.accounts
 * @param {import("./chat.mjs").Chat} parts.chat
 * @param {import("./decision-feed.mjs").DecisionFeed} parts.feed
 */
export function makeConsumer({ accounts, chat, feed }) {
  return defineConsumer()
    .permissions(everything)
    .action("chat.send", mayWrite, ({ scope, payload }) => {
      const { id } = chat.post("message", scope.user, readText(payload.text));
      return { id };
    })
    .action("chat.history", mayRead, () => ({ messages: chat.messages }))
    .action("chat.watch", mayRead, ({ session, signal, reply }) => {
      const mayStillRead = async () => (await session.authorize("chat.watch")).outcome === "allow";
      const send = (/** @type {unknown} */ message) => reply(message, { action: "chat.message" });
      chat.watch(session.id, { mayRead: mayStillRead, send }, signal);
      reply({ messages: chat.messages });
    })
    .action("user.ban", mayBan, { object: ({ payload }) => accounts.find(payload.user) }, ({ scope, object }) => {
      object.isBanned = true;
      chat.post("notice", scope.user, `${scope.user.name} has banned ${object.name}.`);
      return { user: object.id, isBanned: true };
    })
    .action("user.unban", mayBan, { object: ({ payload }) => accounts.find(payload.user) }, ({ scope, object }) => {
      if (object.isBanned) chat.post("notice", scope.user, `${scope.user.name} has let ${object.name} in again.`);
      object.isBanned = false;
      return { user: object.id, isBanned: false };
    })
    .action("ping", mayPing, () => ({ pong: Date.now() }))
    .action("decisions.watch", mayWatchDecisions, ({ scope, session, signal, reply }) => {
      feed.watch(session.id, scope.watchedPage ?? "", (decided) => reply(decided, { action: "decision" }), signal);
      reply({});
    });
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function readText(value) {
  const text = typeof value === "string" ? value.trim() : "";
  if (text !== "" && text.length <= LONGEST_TEXT) return text;
  throw new PermissionDenied("invalid_input", {
    status: 400,
    reason: `Write a text of 1 to ${LONGEST_TEXT} characters.`,
  });
}
