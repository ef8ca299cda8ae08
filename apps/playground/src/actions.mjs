// @ts-check

/**
 * @typedef {import("./accounts.mjs").Account} Account
 * @typedef {Readonly<Record<string, unknown>>} Payload
 *
 * The work behind a rule, the same on every transport.
 *
 * @typedef {object} Action
 * @property {(payload: Payload) => Account | undefined} [object] loads the object of the action
 * @property {(asked: { user: Account | null, payload: Payload, object: Account | undefined }) => object} run returns the answer
 */

/**
 * The actions of the chat. The policy alone decides who may run them.
 *
 * @param {object} parts
 * @param {import("./accounts.mjs").Accounts} parts.accounts
 * @param {import("./chat.mjs").Chat} parts.chat
 * @returns {ReadonlyMap<string, Action>}
 */
export function makeActions({ accounts, chat }) {
  const object = (/** @type {Payload} */ { user }) => accounts.find(user);
  /** @type {Action["run"]} */
  const ban = ({ user, object: banned }) => {
    if (banned === undefined) return {};
    banned.isBanned = true;
    chat.post("notice", user, `${nameOf(user)} has banned ${banned.name}.`);
    return { user: banned.id, isBanned: true };
  };
  /** @type {Action["run"]} */
  const unban = ({ user, object: banned }) => {
    if (banned === undefined) return {};
    if (banned.isBanned) chat.post("notice", user, `${nameOf(user)} has let ${banned.name} in again.`);
    banned.isBanned = false;
    return { user: banned.id, isBanned: false };
  };
  return new Map(
    /** @type {[string, Action][]} */ ([
      ["ping", { run: () => ({ pong: Date.now() }) }],
      ["chat.history", { run: () => ({ messages: chat.messages }) }],
      ["chat.send", { run: ({ user, payload }) => ({ id: chat.post("message", user, payload.text).id }) }],
      ["user.ban", { object, run: ban }],
      ["user.unban", { object, run: unban }],
    ]),
  );
}

/** @param {Account | null} user */
function nameOf(user) {
  return user?.name ?? "Somebody";
}
