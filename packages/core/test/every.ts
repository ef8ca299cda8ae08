import { AllowAny, type Decision, definePolicy, type Policy } from "@portcullis/core";
import { judgeOf, nameOf, type Question, type Said, type Spec } from "./naive.js";
import { CONSUMER, type classRule, type functionRule, later, NO, type Table, type Way } from "./probes.js";
import { build, leavesOf } from "./trees.js";

/** One way for each leaf, the decision of the reference, and the leaves that it asked. */
export interface Expected {
  readonly ways: readonly Way[];
  readonly said: Said;
  readonly asked: readonly string[];
}

/** Returns the decision of the reference about a tree for a choice of answers. */
export function reference(spec: Spec, phase: Question): (ways: readonly Way[]) => Expected {
  const leaves = leavesOf(spec);
  let asked: string[] = [];
  let current: readonly Way[] = [];
  const judge = judgeOf(spec, phase, {
    knows: (_, question) => question === phase,
    denialOf: NO.said,
    ask: (leaf) => {
      asked.push(leaf);
      return (current[leaves.indexOf(leaf)] as Way).said(leaf);
    },
  });
  return (ways) => {
    current = ways;
    asked = [];
    return { ways, said: judge(), asked };
  };
}

/** Every choice of one way for each leaf. */
export function everyChoice<T>(ways: readonly T[], leaves: number): T[][] {
  if (leaves === 0) return [[]];
  return everyChoice(ways, leaves - 1).flatMap((rest) => ways.map((way) => [...rest, way]));
}

/** A tree at its places in a policy. */
export interface Built {
  readonly leaves: readonly string[];
  readonly name: string;
  /** `both` is `rule` and `permissions`. The place `permissions` distinguishes an abstention from a denial. */
  readonly places: "both" | "rule" | "permissions";
  /** Asks the tree as the rule of the phase, where only an allow passes. */
  ask(scope: Table): Decision | Promise<Decision>;
  /** Asks the tree as `permissions` beside a table, where an abstention passes too. */
  askBeside(scope: Table): Decision | Promise<Decision>;
}

export type Style = typeof classRule | typeof functionRule;

/** Builds a tree whose leaves have one hook only. */
export function built(spec: Spec, phase: Question, style: Style, places: Built["places"] = "both"): Built {
  const rule = build(spec, (name) => style(name, [phase]));
  const alone = phase === "connect" ? { connect: rule, permissions: AllowAny } : { actions: { act: rule } };
  const beside = { permissions: rule, actions: { act: AllowAny } };
  const asking = (options: object): Built["ask"] => {
    let ask: Built["ask"] | undefined;
    return (scope) => {
      ask ??= askingAt(phase, definePolicy(options) as never);
      return ask(scope);
    };
  };
  return { leaves: leavesOf(spec), name: nameOf(spec), places, ask: asking(alone), askBeside: asking(beside) };
}

const NOTHING = {};

function askingAt(phase: Question, policy: Policy<unknown>): Built["ask"] {
  if (phase === "connect") return (scope) => policy.decideConnect(scope, CONSUMER);
  if (phase === "action") return (scope) => policy.decide(scope, CONSUMER, "act", NOTHING);
  return (scope) => policy.decide(scope, CONSUMER, "act", NOTHING, { object: NOTHING });
}

/** The table of one choice of answers. `laterMask` makes some of them asynchronous. */
export function tableOf(leaves: readonly string[], ways: readonly Way[], laterMask = 0): Table {
  const answers: Record<string, () => unknown> = {};
  for (let i = 0; i < leaves.length; i++) {
    const leaf = leaves[i] as string;
    const way = ways[i] as Way;
    answers[leaf] = (laterMask & (1 << i) ? later(way) : way).answer(leaf);
  }
  return { asked: [], answers };
}

/** Counts the comparisons, and keeps the first differences. */
export class Tally {
  compared = 0;
  /** The last synchronous decision. */
  last: Decision | undefined;
  readonly differences: string[] = [];

  /**
   * Asks a tree at its places, and compares its decisions with the reference.
   *
   * @param laterMask The leaves that answer asynchronously, one bit each.
   */
  check(tree: Built, expected: Expected, laterMask = 0): undefined | Promise<void> {
    const { outcome, by } = expected.said;
    const isTelling = tree.places === "both" && (outcome === "abstain" || by === tree.name);
    if (laterMask !== 0) return this.#checkLater(tree, expected, laterMask, isTelling);
    this.#checkNow(tree, expected, tree.places === "permissions");
    if (isTelling) this.#checkNow(tree, expected, true);
    return undefined;
  }

  #checkNow(tree: Built, expected: Expected, isBeside: boolean): void {
    const scope = tableOf(tree.leaves, expected.ways);
    const decision = isBeside ? tree.askBeside(scope) : tree.ask(scope);
    if (decision instanceof Promise) this.#note(`${tree.name}: a promise without need`);
    else {
      this.last = decision;
      this.#compare(tree, expected, decision, scope, isBeside);
    }
  }

  async #checkLater(tree: Built, expected: Expected, laterMask: number, isTelling: boolean): Promise<void> {
    for (const isBeside of isTelling ? [false, true] : [tree.places === "permissions"]) {
      const scope = tableOf(tree.leaves, expected.ways, laterMask);
      const decision = await (isBeside ? tree.askBeside(scope) : tree.ask(scope));
      this.#compare(tree, expected, decision, scope, isBeside);
    }
  }

  #compare(tree: Built, expected: Expected, decision: Decision, scope: Table, isBeside: boolean): void {
    this.compared += 1;
    const want = atEdge(expected.said, tree.name, isBeside);
    if (isSame(decision, want) && isSameList(scope.asked, expected.asked, Object.is)) return;
    const ways = expected.ways.map(({ label }) => label).join(", ");
    const got = `${decision.outcome} ${decision.code} by ${decision.by}, asked ${scope.asked}, ${drawn(decision.causes)}`;
    const wanted = `${want.outcome} ${want.code} by ${want.by}, asked ${expected.asked}, ${drawn(want.causes)}`;
    this.#note(`${tree.name} with ${ways}: got ${got}; want ${wanted}`);
  }

  #note(difference: string): void {
    if (this.differences.length < 5) this.differences.push(difference);
  }
}

/** The effect of the four outcomes when a tree stands alone. */
function atEdge(said: Said, name: string, isBeside: boolean): Said {
  if (said.outcome !== "abstain") return said;
  if (isBeside) return { ...said, outcome: "allow", code: "allowed" };
  return { outcome: "deny", code: "permission_denied", by: name, status: 403, causes: [] };
}

export function isSame(decision: Decision, want: Said): boolean {
  const { outcome, code, status, by, causes } = decision;
  if (outcome !== want.outcome || code !== want.code) return false;
  if (!isSameList(causes ?? NONE, want.causes, isSameCause)) return false;
  return outcome === "allow" || (status === want.status && isSameName(by, want.by));
}

const NONE: readonly Decision[] = [];

function isSameCause(one: Decision, other: Said): boolean {
  return one.outcome === other.outcome && one.code === other.code && isSameName(one.by, other.by);
}

/** True when two names are the same, up to the place where a long one is cut. */
function isSameName(name: string, full: string): boolean {
  return name === full || (name.endsWith("...)") && full.startsWith(name.slice(0, name.indexOf("..."))));
}

function isSameList<A, B>(one: readonly A[], other: readonly B[], isEqual: (a: A, b: B) => boolean): boolean {
  return one.length === other.length && one.every((item, index) => isEqual(item, other[index] as B));
}

/** The authors and codes of refusals, for messages. */
export function drawn(causes: readonly { readonly by: string; readonly code: string }[] = []): string[] {
  return causes.map(({ by, code }) => `${by}: ${code}`);
}
