// @ts-check
import { PolicyTextError, readString, tokensOf } from "./tokens.js";

/** @typedef {import("./tokens.js").Token} Token */

/**
 * A rule as it is written.
 *
 * @typedef {object} RuleNode
 * @property {"rule" | "and" | "or" | "not"} kind
 * @property {string} name of a rule as it is written, for example `HasRole`
 * @property {string} label as decisions call it, for example `HasRole(admin)`
 * @property {[string, ...string[]]} [roles]
 * @property {RuleNode[]} operands
 * @property {Said} [said]
 * @property {number} start
 * @property {number} end
 *
 * @typedef {{ code?: string, reason?: string, status?: number }} Said code, reason and status of a `not` that denies
 *
 * @typedef {object} ActionNode
 * @property {string} name
 * @property {RuleNode} rule
 * @property {number} start
 * @property {number} end
 *
 * @typedef {object} PolicyNode
 * @property {RuleNode} [connect]
 * @property {RuleNode} [permissions]
 * @property {ActionNode[]} actions
 */

export const COMBINATORS = ["and", "or", "not"];
export const PARTS = ["connect", "permissions", "actions"];

const LONGEST = 20_000;
const DEEPEST = 40;
/** Letters of a name in a message. */
const LONGEST_SHOWN = 60;

/**
 * Parses the text of a policy, which is a call of `definePolicy` with known rules. The text is never run. Anything
 * outside of the grammar is an error.
 *
 * @param {string} text
 * @param {readonly string[]} names of the rules there are
 * @returns {PolicyNode}
 * @throws {PolicyTextError} With the position of the first error.
 */
export function parsePolicy(text, names) {
  if (text.length > LONGEST) {
    throw new PolicyTextError(`this is longer than ${LONGEST} characters`, { start: LONGEST, end: text.length });
  }
  return new Parser(text, names).policy();
}

class Parser {
  #tokens;
  #names;
  #at = 0;
  #depth = 0;

  /**
   * @param {string} text
   * @param {readonly string[]} names
   */
  constructor(text, names) {
    this.#tokens = tokensOf(text).filter(({ kind }) => kind !== "comment");
    this.#names = names;
  }

  /** @returns {PolicyNode} */
  policy() {
    this.#word("definePolicy");
    this.#mark("(");
    /** @type {PolicyNode} */
    const policy = { actions: [] };
    const seen = this.#fields("the policy", PARTS, (key) => {
      if (key.name === "actions") policy.actions = this.#actions();
      else policy[/** @type {"connect" | "permissions"} */ (key.name)] = this.#rule();
    });
    const end = this.#mark(")");
    this.#take(";");
    if (this.#next.kind !== "end") this.#fail("the policy ends before this", this.#next);
    if (!seen.has("actions"))
      this.#fail('the policy has no `actions`: add actions: { "chat.send": IsAuthenticated }', end);
    return policy;
  }

  /** @returns {ActionNode[]} */
  #actions() {
    /** @type {ActionNode[]} */
    const actions = [];
    this.#fields("`actions`", undefined, ({ name, start, end }) => {
      actions.push({ name, start, end, rule: this.#rule() });
    });
    return actions;
  }

  /**
   * Reads `{ key: ..., key: ... }`.
   *
   * @param {string} place
   * @param {readonly string[] | undefined} known keys; `undefined`: any
   * @param {(key: { name: string, start: number, end: number }) => void} read reads what follows the colon
   * @returns {Set<string>} the keys that are there
   */
  #fields(place, known, read) {
    const seen = new Set();
    this.#mark("{");
    while (!this.#take("}")) {
      const key = this.#key(place, known);
      if (seen.has(key.name)) this.#fail(`${key.name} is in ${place} twice`, key);
      seen.add(key.name);
      this.#mark(":", `a colon must follow ${key.name}`);
      read(key);
      if (this.#take(",")) continue;
      this.#mark("}", `a comma must follow, or a } that ends ${place}`);
      break;
    }
    return seen;
  }

  /**
   * @param {string} place
   * @param {readonly string[] | undefined} known
   */
  #key(place, known) {
    const token = this.#next;
    if (token.kind !== "name" && token.kind !== "string") {
      const example = known ? known.join(", ") : 'as in "chat.send"';
      this.#fail(
        token.kind === "end" ? `${place} has no end: close it with }` : `a name is missing here: ${example}`,
        token,
      );
    }
    this.#at += 1;
    const name = token.kind === "string" ? readString(token) : token.text;
    if (name === "") this.#fail("a name must not be empty", token);
    if (known && !known.includes(name)) this.#unknown(`${place} has no ${name}`, known, name, token);
    return { name, start: token.start, end: token.end };
  }

  /** @returns {RuleNode} */
  #rule() {
    const token = this.#next;
    if (token.kind !== "name") this.#fail("a rule is missing here, as in IsAuthenticated or and(...)", token);
    if (this.#depth >= DEEPEST) this.#fail(`this is nested more than ${DEEPEST} levels deep`, token);
    this.#at += 1;
    this.#depth += 1;
    const node = this.#ruleFrom(token);
    this.#depth -= 1;
    return node;
  }

  /** @param {Token} token */
  #ruleFrom(token) {
    const name = token.text;
    if (COMBINATORS.includes(name)) return this.#combination(/** @type {"and" | "or" | "not"} */ (name), token);
    if (name === "HasRole") return this.#roleRule(token);
    if (!this.#names.includes(name)) {
      this.#unknown(`there is no rule ${shorten(name)}`, [...this.#names, ...COMBINATORS], name, token);
    }
    if (this.#next.text === "(") this.#fail(`${name} is a rule already: write it without ( )`, this.#next);
    return this.#node({ kind: "rule", name, label: name, operands: [] }, token);
  }

  /**
   * @param {"and" | "or" | "not"} kind
   * @param {Token} token
   */
  #combination(kind, token) {
    this.#mark("(", `( must follow ${kind}, as in ${kind}(IsAuthenticated)`);
    /** @type {RuleNode[]} */
    const operands = [];
    /** @type {Said | undefined} */
    let said;
    while (!this.#take(")")) {
      if (kind === "not" && operands.length === 1 && this.#next.text === "{") said = this.#said();
      else if (kind === "not" && operands.length === 1) {
        this.#fail("not takes one rule: write not(or(a, b)) for neither of two", this.#next);
      } else operands.push(this.#rule());
      if (this.#take(",")) continue;
      this.#mark(")", `a comma must follow, or a ) that ends ${kind}(`);
      break;
    }
    if (operands.length === 0) this.#fail(`${kind}() needs a rule, as in ${kind}(IsAuthenticated)`, token);
    const label = `${kind}(${operands.map((operand) => operand.label).join(", ")})`;
    return this.#node({ kind, name: kind, label, operands, ...(said && { said }) }, token);
  }

  /** @param {Token} token */
  #roleRule(token) {
    this.#mark("(", '( must follow HasRole, as in HasRole("admin")');
    const roles = [];
    while (!this.#take(")")) {
      const role = this.#next;
      if (role.kind !== "string") this.#fail('the name of a role is missing here, as in HasRole("admin")', role);
      this.#at += 1;
      if (readString(role) === "") this.#fail("the name of a role must not be empty", role);
      roles.push(readString(role));
      if (this.#take(",")) continue;
      this.#mark(")", "a comma must follow, or a ) that ends HasRole(");
      break;
    }
    const [first, ...others] = roles;
    if (first === undefined) this.#fail('HasRole() needs a role, as in HasRole("admin")', token);
    return this.#node(
      { kind: "rule", name: "HasRole", label: `HasRole(${roles.join(", ")})`, roles: [first, ...others], operands: [] },
      token,
    );
  }

  /** @returns {Said} */
  #said() {
    /** @type {Said} */
    const said = {};
    this.#fields("what not says", ["code", "reason", "status"], ({ name }) => {
      const token = this.#next;
      const wanted = name === "status" ? "number" : "string";
      if (token.kind !== wanted) this.#fail(`${name} is a ${wanted}`, token);
      this.#at += 1;
      if (name === "status") said.status = Number(token.text);
      else said[/** @type {"code" | "reason"} */ (name)] = readString(token);
      if (said.status !== undefined && (said.status < 400 || said.status > 499)) {
        this.#fail("a status of a refusal is a number from 400 to 499", token);
      }
      if (said.code === "") this.#fail("a code must not be empty", token);
    });
    return said;
  }

  /**
   * @param {Omit<RuleNode, "start" | "end">} parts
   * @param {Token} first
   * @returns {RuleNode}
   */
  #node(parts, { start }) {
    return { ...parts, start, end: this.#tokens[this.#at - 1]?.end ?? start };
  }

  /** @returns {Token} */
  get #next() {
    return /** @type {Token} */ (this.#tokens[this.#at] ?? this.#tokens.at(-1));
  }

  /** @param {string} text */
  #take(text) {
    if (this.#next.kind !== "mark" || this.#next.text !== text) return false;
    this.#at += 1;
    return true;
  }

  /**
   * @param {string} text
   * @param {string} [message]
   * @returns {Token}
   */
  #mark(text, message = `${text} is missing here`) {
    const token = this.#next;
    if (!this.#take(text)) this.#fail(message, token);
    return token;
  }

  /** @param {string} text */
  #word(text) {
    if (this.#next.text !== text) this.#fail(`the policy begins with ${text}({`, this.#next);
    this.#at += 1;
  }

  /**
   * @param {string} message
   * @param {readonly string[]} known
   * @param {string} given
   * @param {Token} token
   * @returns {never}
   */
  #unknown(message, known, given, token) {
    const near =
      known.find((name) => name.toLowerCase() === given.toLowerCase()) ?? known.find((name) => isNear(name, given));
    this.#fail(near ? `${message}: did you mean ${near}?` : `${message}: there are ${known.join(", ")}`, token);
  }

  /**
   * @param {string} message
   * @param {{ start: number, end: number }} place
   * @returns {never}
   */
  #fail(message, { start, end }) {
    throw new PolicyTextError(message, { start, end });
  }
}

/** @param {string} name */
function shorten(name) {
  return name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}...` : name;
}

/**
 * True when two names differ by two letters at most.
 *
 * @param {string} one
 * @param {string} other
 */
function isNear(one, other) {
  if (Math.min(one.length, other.length) < 4 || Math.abs(one.length - other.length) > 2) return false;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one.toLowerCase()].entries()) {
    const next = [index + 1];
    for (const [column, counterpart] of [...other.toLowerCase()].entries()) {
      const replaced = (row[column] ?? 0) + (letter === counterpart ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return (row.at(-1) ?? 0) <= 2;
}

/**
 * The rules of a policy by the names that decisions give them, each once, in the order of the text.
 *
 * @param {PolicyNode} policy
 * @returns {RuleNode[]}
 */
export function leavesOf({ connect, permissions, actions }) {
  const found = new Map();
  const visit = (/** @type {RuleNode | undefined} */ node) => {
    if (node?.kind === "rule" && !found.has(node.label)) found.set(node.label, node);
    node?.operands.forEach(visit);
  };
  visit(permissions);
  visit(connect);
  for (const { rule } of actions) visit(rule);
  return [...found.values()];
}

/**
 * True when a tree contains the rule.
 *
 * @param {RuleNode} node
 * @param {string} name
 * @returns {boolean}
 */
export function mentions(node, name) {
  return node.name === name || node.operands.some((operand) => mentions(operand, name));
}
