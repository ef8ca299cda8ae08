// @ts-check
// Asks the core what it must answer wherever it runs. Uses nothing of any runtime but timers and AbortController, and is
// given what it tries, so that it runs in a worker too.

/** @typedef {typeof import("@portcullis/core")} Core */
/** @typedef {{ note: string, [more: string]: any }} Row */

const CONSUMER = { id: "1", transport: "test", raw: undefined, close() {} };

/** @param {Core} core @param {any} answer */
function tell(core, answer) {
  if (typeof answer === "object") {
    const options = answer.status === undefined ? {} : { status: answer.status };
    return "deny" in answer ? core.deny(answer.deny, options) : core.fault(answer.fault, options);
  }
  if (answer === "throw") throw new Error("could not be asked");
  if (answer === "abstain") return core.abstain();
  return answer === "fault" ? core.fault("broken") : answer === "allow";
}

/** @param {Core} core @param {any} tree @param {(name: string) => any} leaf @returns {any} */
function build(core, tree, leaf) {
  if (typeof tree === "string") return leaf(tree);
  const inside = (/** @type {any} */ one) => build(core, one, leaf);
  if (Array.isArray(tree)) return tree.map(inside);
  if ("not" in tree) return core.not(inside(tree.not));
  return "and" in tree
    ? core.and(.../** @type {[any]} */ (tree.and.map(inside)))
    : core.or(.../** @type {[any]} */ (tree.or.map(inside)));
}

/** @param {any} policy @param {string} phase @param {string} action @param {object} [options] */
function ask(policy, phase, action, options = {}) {
  if (phase === "connect") return policy.decideConnect({}, CONSUMER, undefined, options);
  return policy.decide({}, CONSUMER, action, {}, phase === "action" ? options : { ...options, object: {} });
}

/** A rule that answers as told. @param {Core} core @param {string} name @param {object} answers @param {boolean} isLater @param {(question: string) => void} onAsked */
function told(core, name, answers, isLater, onAsked) {
  const parts = Object.entries(answers).map(([question, answer]) => [
    question,
    () => {
      onAsked(question);
      return isLater ? Promise.resolve().then(() => tell(core, answer)) : tell(core, answer);
    },
  ]);
  return core.permission(name, Object.fromEntries(parts));
}

/** @param {unknown} got @param {unknown} want @param {string} place */
function same(got, want, place) {
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    throw new Error(`${place}: got ${JSON.stringify(got)}, not ${JSON.stringify(want)}`);
  }
}

/** @param {Core} core @param {Row} row @param {boolean} isLater */
async function combinator(core, { note, tree, phase, answers, want }, isLater) {
  /** @type {string[]} */
  const asked = [];
  const rule = build(core, tree, (name) =>
    told(core, name, { [phase]: answers[name] }, isLater, () => asked.push(name)),
  );
  const { AllowAny, definePolicy } = core;
  const alone = phase === "connect" ? { connect: rule, permissions: AllowAny } : { actions: { act: rule } };
  const decision = await ask(definePolicy(alone), phase, "act");
  const order = asked.splice(0);
  const beside = await ask(definePolicy({ permissions: rule, actions: { act: AllowAny } }), phase, "act");
  const isSilent = decision.outcome === "deny" && beside.outcome === "allow";
  const { outcome, code } = isSilent ? { outcome: "abstain", code: "abstained" } : decision;
  const by = outcome === "deny" || outcome === "error" ? { by: decision.by } : {};
  same({ outcome, code, ...by, asked: order }, want, note);
}

/** @param {Core} core @param {Row} row @param {boolean} isLater */
async function edge(core, { note, policy, rules, ask: asks, want }, isLater) {
  /** @type {string[]} */
  const asked = [];
  const leaf = (/** @type {string} */ name) =>
    told(core, name, rules[name] ?? {}, isLater, (question) => asked.push(`${name}.${question}`));
  const { actions, unknownAction, ...trees } = policy;
  const built = Object.entries(trees).map(([part, tree]) => [part, build(core, tree, leaf)]);
  const table = Object.entries(actions ?? {}).map(([name, tree]) => [name, build(core, tree, leaf)]);
  const options = { ...Object.fromEntries(built), ...(actions && { actions: Object.fromEntries(table) }) };
  const decision = await ask(
    core.definePolicy({ ...options, ...(unknownAction && { unknownAction }) }),
    asks.phase,
    asks.action ?? "",
  );
  const { outcome, code, status, by } = decision;
  same({ outcome, code, status, ...(outcome !== "allow" && { by }), asked }, want, note);
}

/** Checks without a table row: time, signals, and invalid answers. @type {Record<string, (core: Core) => unknown>} */
const CHECKS = {
  "rules that answer at once are decided at once"(core) {
    const decision = ask(core.definePolicy({ actions: { act: core.AllowAny } }), "action", "act");
    same([decision instanceof Promise, decision.outcome], [false, "allow"], "sync");
  },
  async "a deadline that passes is permission_timeout, and a late answer changes nothing"(core) {
    /** @type {(answer: boolean) => void} */
    let answer = () => {};
    const slow = core.permission("slow", () => new Promise((resolve) => (answer = resolve)));
    const decision = await ask(core.definePolicy({ timeout: { action: 20 }, actions: { act: slow } }), "action", "act");
    answer(true);
    await Promise.resolve();
    same([decision.outcome, decision.code, decision.status], ["error", "permission_timeout", 503], "deadline");
  },
  async "a caller that gives up gets `aborted`, and the rule hears of it"(core) {
    const caller = new AbortController();
    let hasHeard = false;
    const waits = core.permission("waits", ({ signal }) => {
      signal.addEventListener("abort", () => (hasHeard = true));
      return new Promise(() => {});
    });
    const policy = core.definePolicy({ actions: { act: waits } });
    const asked = ask(policy, "action", "act", { signal: caller.signal });
    caller.abort();
    same([(await asked).code, hasHeard], ["aborted", true], "signal");
  },
  async "what is no answer never opens, turned round or not"(core) {
    for (const nonsense of [undefined, null, 0, 1, "yes", {}, { outcome: "allow" }, () => true]) {
      const rule = core.permission("nonsense", () => /** @type {any} */ (nonsense));
      for (const tree of [rule, core.not(rule), core.not(core.not(rule))]) {
        const { outcome, code } = await ask(core.definePolicy({ actions: { act: tree } }), "action", "act");
        same([outcome, code], ["error", "permission_error"], String(nonsense));
      }
    }
  },
  async "a rule that throws or rejects never opens, turned round or not"(core) {
    const throws = core.permission("throws", () => {
      throw new Error("down");
    });
    const rejects = core.permission("rejects", () => Promise.reject(new Error("down")));
    for (const rule of [throws, rejects, core.not(throws), core.not(rejects)]) {
      const { outcome, code } = await ask(core.definePolicy({ actions: { act: rule } }), "action", "act");
      same([outcome, code], ["error", "permission_error"], "throws");
    }
  },
  "names of Object.prototype are unknown actions"(core) {
    const policy = core.definePolicy({ actions: { act: core.AllowAny } });
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      same(ask(policy, "action", name).code, "unknown_action", name);
    }
  },
  "an empty policy is a misuse"(core) {
    let thrown;
    try {
      core.definePolicy({});
    } catch (error) {
      thrown = error;
    }
    same(core.PermissionMisuse.isInstance(thrown), true, "misuse");
  },
};

/**
 * Asks all of it.
 *
 * @param {Core} core
 * @param {{ combinators: Row[], edge: Row[] }} cases of `@portcullis/testing`
 * @returns {Promise<{ rows: number, checks: number, wrong: string[] }>} each row is asked with rules that answer at once
 *   and with rules that answer later
 */
export async function checkCore(core, cases) {
  /** @type {string[]} */
  const wrong = [];
  let rows = 0;
  /** @param {() => unknown} run */
  const attempt = async (run) => {
    try {
      await run();
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
    }
  };
  for (const isLater of [false, true]) {
    for (const row of cases.combinators) await attempt(() => combinator(core, row, isLater));
    for (const row of cases.edge) await attempt(() => edge(core, row, isLater));
    rows += cases.combinators.length + cases.edge.length;
  }
  for (const check of Object.values(CHECKS)) await attempt(() => check(core));
  return { rows, checks: Object.keys(CHECKS).length, wrong };
}
