// @ts-check
import { AllowAny, and, DenyAll, HasRole, IsAuthenticated, not, or } from "@portcullis/core";
import { consumersFor } from "@portcullis/core/consumer";
import { leavesOf, mentions, parsePolicy } from "../public/shared/parse-policy.js";
import { PolicyTextError } from "../public/shared/tokens.js";
import { RENEW } from "./continuity.mjs";

/**
 * @typedef {import("./rules.mjs").ChatScope} ChatScope
 * @typedef {import("../public/shared/parse-policy.js").RuleNode} RuleNode
 * @typedef {import("@portcullis/core").PermissionLike<ChatScope>} ChatRule
 * @typedef {import("@portcullis/core/consumer").HandlerContext<ChatScope>} Context
 */

const { defineConsumer } = /** @type {typeof consumersFor<ChatScope>} */ (consumersFor)();

const BUILT_IN = { AllowAny, DenyAll, IsAuthenticated };
/** Milliseconds. Shorter than the default, so that a rule that hangs is refused soon. */
const TIMEOUT = 4000;
/** The rule about the object of an action. */
const ABOUT_ACCOUNTS = "isOneself";

/**
 * Makes a consumer from the text of a policy. Each of its rules gets the action of that name as handler.
 *
 * @param {string} text a policy
 * @param {object} parts
 * @param {ReturnType<typeof import("./rules.mjs").makeRules>} parts.rules
 * @param {ReadonlyMap<string, import("./actions.mjs").Action>} parts.actions
 * @param {import("./chat.mjs").Chat} parts.chat
 * @param {import("./faults.mjs").Faults} parts.faults
 * @throws {PolicyTextError} When the text is no policy.
 */
export function makeConsumer(text, { rules, actions, chat, faults }) {
  const policy = parsePolicy(text, [...Object.keys(rules), ...Object.keys(BUILT_IN), "HasRole"]);
  const build = new RuleBuilder(rules, faults);
  for (const part of /** @type {const} */ (["connect", "permissions"])) {
    const rule = policy[part];
    if (rule && mentions(rule, ABOUT_ACCOUNTS)) throw aboutNone(`\`${part}\``, rule);
  }
  let consumer = /** @type {any} */ (defineConsumer().timeout({ connect: TIMEOUT, action: TIMEOUT, object: TIMEOUT }));
  if (policy.permissions) consumer = consumer.permissions(build.rule(policy.permissions));
  if (policy.connect) consumer = consumer.connect(build.rule(policy.connect));
  for (const { name, rule, start, end } of policy.actions) {
    if (name === RENEW) throw new PolicyTextError(`${RENEW} belongs to the guards: leave it out`, { start, end });
    if (mentions(rule, ABOUT_ACCOUNTS) && !actions.get(name)?.object) throw aboutNone(name, { start, end });
    const { options, handler } = behind(name, actions, chat);
    consumer = consumer.action(name, build.rule(rule), options, handler);
  }
  return {
    consumer: /** @type {import("@portcullis/core/adapter").ServableConsumer<ChatScope> & { policy: ChatPolicy }} */ (
      consumer
    ),
    rules: leavesOf(policy).map(({ label }) => label),
    actions: policy.actions.map(({ name }) => name),
  };
}

/** @typedef {import("@portcullis/core").Policy<ChatScope>} ChatPolicy */

/**
 * @param {string} name
 * @param {{ start: number, end: number }} place
 */
function aboutNone(name, place) {
  return new PolicyTextError(
    `${ABOUT_ACCOUNTS} is asked about an account, and ${name} is about none: use it in "user.ban" or "user.unban"`,
    place,
  );
}

/** Makes the rules of a parsed policy. A rule that is named twice is one rule, asked once. */
class RuleBuilder {
  /** @type {Map<string, ChatRule>} */
  #made = new Map();
  #rules;
  #faults;

  /**
   * @param {ReturnType<typeof import("./rules.mjs").makeRules>} rules
   * @param {import("./faults.mjs").Faults} faults
   */
  constructor(rules, faults) {
    this.#rules = rules;
    this.#faults = faults;
  }

  /**
   * @param {RuleNode} node
   * @returns {any}
   */
  rule(node) {
    const operands = /** @type {[any, ...any[]]} */ (node.operands.map((operand) => this.rule(operand)));
    if (node.kind === "and") return and(...operands);
    if (node.kind === "or") return or(...operands);
    if (node.kind === "not") return not(operands[0], node.said);
    const made = this.#made.get(node.label) ?? this.#leaf(node);
    this.#made.set(node.label, made);
    return made;
  }

  /**
   * @param {RuleNode} node
   * @returns {any}
   */
  #leaf({ name, label, roles }) {
    if (roles) return this.#faults.wrap(label, /** @type {any} */ (HasRole(...roles)));
    const rule = /** @type {any} */ ({ ...BUILT_IN, ...this.#rules })[name];
    return typeof rule === "function" ? this.#faults.wrap(label, new rule()) : rule;
  }
}

/**
 * Makes the options and the handler of an action.
 *
 * @param {string} name
 * @param {ReadonlyMap<string, import("./actions.mjs").Action>} actions
 * @param {import("./chat.mjs").Chat} chat
 */
function behind(name, actions, chat) {
  if (name === "chat.watch") return { options: {}, handler: watching(chat) };
  const action = actions.get(name);
  // A policy may have actions that this server does not have.
  if (action === undefined) return { options: {}, handler: () => ({ done: "This server does nothing for it." }) };
  const { object, run } = action;
  return {
    options: object ? { object: (/** @type {Context} */ { payload }) => object(payload) } : {},
    handler: (/** @type {any} */ { scope, payload, object: loaded }) =>
      run({ user: scope.user, payload, object: loaded }),
  };
}

/**
 * Answers with all messages, then sends every further one. Only a socket can receive them.
 *
 * @param {import("./chat.mjs").Chat} chat
 */
function watching(chat) {
  return (/** @type {Context} */ { session, signal, reply }) => {
    const mayRead = () => session.can("chat.watch");
    const send = (/** @type {unknown} */ message) => reply(message, { action: "chat.message" });
    const left = () => reply({}, { action: "chat.left" });
    chat.watch(session.id, { mayRead, send, left }, signal);
    reply({ messages: chat.messages });
  };
}
