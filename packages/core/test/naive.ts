/**
 * The reference: permission logic as plain recursion. It is written from the rules alone, shares no code with the
 * sources, and is slow and obvious on purpose.
 */

/** A tree as data: a leaf by its name, or a combination. */
export type Spec =
  | string
  | { readonly and: readonly Spec[] }
  | { readonly or: readonly Spec[] }
  | { readonly not: Spec };

export type Question = "connect" | "action" | "object";

/** The decision of a rule, a tree or a policy. */
export interface Said {
  readonly outcome: "allow" | "deny" | "abstain" | "error";
  readonly code: string;
  readonly by: string;
  readonly status: number;
  /** True for a deliberate fault, which ends an `and`. */
  readonly halts?: boolean;
  /** All refusals, when there are more than this one. Of an allow, its faults. */
  readonly causes: readonly Said[];
}

/** The rules that a tree refers to. */
export interface World {
  knows(leaf: string, question: Question): boolean;
  ask(leaf: string, question: Question): Said;
  /** The decision for a plain `false` of a rule. */
  denialOf(leaf: string): Said;
}

/** A policy as data. */
export interface PolicySpec {
  readonly connect?: Spec;
  readonly permissions?: Spec;
  readonly actions?: ReadonlyMap<string, Spec>;
  readonly hidesUnknown?: boolean;
}

type Node =
  | { kind: "ask"; leaf: string; question: Question }
  | { kind: "pending"; leaf: string; allows: boolean }
  | Branch;
type Branch = { kind: "and" | "or" | "not"; name: string; operands: Node[] };

export function nameOf(spec: Spec): string {
  if (typeof spec === "string") return spec;
  if ("not" in spec) return `not(${nameOf(spec.not)})`;
  const [kind, operands] = "and" in spec ? ["and", spec.and] : ["or", spec.or];
  return `${kind}(${operands.map(nameOf).join(", ")})`;
}

/** The tree in one phase. A hook that is not defined counts as not written, and `not(not(p))` is `p`. */
function at(spec: Spec, phase: Question, world: World, fallback: boolean, isOdd = false): Node | undefined {
  if (typeof spec === "string") return leafAt(spec, phase, world, fallback, isOdd);
  const name = nameOf(spec);
  if ("not" in spec) {
    const operand = at(spec.not, phase, world, fallback, !isOdd);
    if (operand === undefined) return undefined;
    return operand.kind === "not" ? operand.operands[0] : { kind: "not", name, operands: [operand] };
  }
  const written = "and" in spec ? spec.and : spec.or;
  const operands = written.flatMap((one) => at(one, phase, world, fallback, isOdd) ?? []);
  return operands.length < 2 ? operands[0] : { kind: "and" in spec ? "and" : "or", name, operands };
}

function leafAt(leaf: string, phase: Question, world: World, fallback: boolean, isOdd: boolean): Node | undefined {
  const ask = (question: Question): Node => ({ kind: "ask", leaf, question });
  if (phase === "connect") {
    if (world.knows(leaf, "connect")) return ask("connect");
    return fallback && world.knows(leaf, "action") ? ask("action") : undefined;
  }
  if (phase === "object") {
    const known = (["action", "object"] as const).filter((question) => world.knows(leaf, question)).map(ask);
    return known.length < 2 ? known[0] : { kind: "and", name: leaf, operands: known };
  }
  if (world.knows(leaf, "action")) return ask("action");
  return world.knows(leaf, "object") ? { kind: "pending", leaf, allows: !isOdd } : undefined;
}

const ALLOW: Said = { outcome: "allow", code: "allowed", by: "", status: 200, causes: [] };
const ABSTAIN: Said = { outcome: "abstain", code: "abstained", by: "", status: 200, causes: [] };

const causesOf = (one: Said) => (one.causes.length > 0 ? one.causes : [one]);

function judge(node: Node, world: World): Said {
  if (node.kind === "ask") return world.ask(node.leaf, node.question);
  if (node.kind === "pending") return node.allows ? ALLOW : world.denialOf(node.leaf);
  if (node.kind === "not") return negated(judge(node.operands[0] as Node, world), node.name);
  const heard: Said[] = [];
  for (const operand of node.operands) {
    const said = judge(operand, world);
    heard.push(said);
    if (node.kind === "or" && said.outcome === "allow") break;
    if (node.kind === "and" && (said.outcome === "deny" || (said.outcome === "error" && said.halts))) break;
  }
  return node.kind === "and" ? allOf(heard) : anyOf(heard);
}

function negated(said: Said, name: string): Said {
  if (said.outcome === "allow") return refusal("permission_denied", name);
  if (said.outcome !== "deny") return said;
  return { ...ALLOW, causes: said.causes.filter(isFault) };
}

const isFault = ({ outcome }: Said) => outcome === "error";

const isRefusal = ({ outcome }: Said) => outcome === "deny" || outcome === "error";

function allOf(heard: readonly Said[]): Said {
  const refusing = heard.filter(isRefusal);
  if (refusing.length === 0) return allowedBy(heard);
  const denial = refusing.find(({ outcome }) => outcome === "deny");
  return denial ? winner(denial, refusing) : { ...winner(refusing[0] as Said, refusing), halts: endsAtFault(heard) };
}

function endsAtFault(heard: readonly Said[]): boolean {
  return heard.at(-1)?.halts === true;
}

function anyOf(heard: readonly Said[]): Said {
  const refusing = heard.filter(isRefusal);
  if (refusing.length === 0 || heard.at(-1)?.outcome === "allow") return allowedBy(heard);
  const failure = refusing.find(({ outcome }) => outcome === "error");
  if (failure) return { ...winner(failure, refusing), halts: refusing.some(({ halts }) => halts) };
  // The first 401, if any, because signing in may help.
  return winner(refusing.find(({ status }) => status === 401) ?? (refusing[0] as Said), refusing);
}

/** All refusals are its causes, in the order of asking. */
function winner(one: Said, refusing: readonly Said[]): Said {
  return refusing.length === 1 ? one : { ...one, causes: refusing.flatMap(causesOf) };
}

/** An allow keeps the faults of its evaluation, and not the denials. */
function allowedBy(heard: readonly Said[]): Said {
  if (heard.every(({ outcome }) => outcome === "abstain")) return ABSTAIN;
  const causes = heard.flatMap((one) => (isRefusal(one) ? causesOf(one) : one.causes));
  return causes.length > 0 ? { ...ALLOW, causes: causes.filter(isFault) } : ALLOW;
}

function refusal(code: string, by: string, status = 403): Said {
  return { outcome: "deny", code, by, status, causes: [] };
}

/** The decision of a single tree in one phase, in a world whose rules always have the same hooks. */
export function judgeOf(spec: Spec, phase: Question, world: World, fallback = false): () => Said {
  const node = at(spec, phase, world, fallback);
  return () => (node === undefined ? ABSTAIN : judge(node, world));
}

/** The decision of a policy. Each part is judged alone, and all must pass. */
export function decide(policy: PolicySpec, phase: Question, action: string, outer: World): Said {
  const { connect, permissions, actions, hidesUnknown } = policy;
  const world = phase === "object" ? remembering(outer) : outer;
  const phases: Question[] = phase === "object" ? ["action", "object"] : [phase];
  let causes: Said[] = [];
  const part = (spec: Spec, passesAbstain: boolean, fallback: boolean): Said | undefined => {
    let last: Said = ABSTAIN;
    for (const each of phases) {
      last = judgeOf(spec, each, world, fallback)();
      if (last.outcome === "abstain" && !passesAbstain) return refusal("permission_denied", nameOf(spec));
      if (isRefusal(last)) return last;
    }
    causes = [...causes, ...last.causes];
    return undefined;
  };
  if (permissions !== undefined) {
    const passesAbstain = phase === "connect" || actions !== undefined;
    const refused = part(permissions, passesAbstain, false);
    if (refused) return refused;
  }
  const specific = phase === "connect" ? connect : actions?.get(action);
  if (specific !== undefined) {
    const refused = part(specific, false, true);
    if (refused) return refused;
  } else if (phase !== "connect" && actions !== undefined) {
    return hidesUnknown ? refusal("permission_denied", "actions") : refusal("unknown_action", "actions", 405);
  }
  return { ...ALLOW, causes };
}

/** The object phase asks only hooks that were not asked before. */
function remembering(world: World): World {
  const answers = new Map<string, Said>();
  return {
    ...world,
    ask: (leaf, question) => {
      const key = `${leaf} ${question}`;
      const known = answers.get(key) ?? world.ask(leaf, question);
      answers.set(key, known);
      return known;
    },
  };
}
