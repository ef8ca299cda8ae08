/**
 * The reference: permission logic as plain recursion, written from the rules alone and sharing nothing with the sources.
 * Slow and obvious on purpose.
 */

/** A tree as data: a leaf by its name, or a combination. */
export type Spec =
  | string
  | { readonly and: readonly Spec[] }
  | { readonly or: readonly Spec[] }
  | { readonly not: Spec };

export type Question = "connect" | "action" | "object";

/** What a rule, a tree or a policy says. */
export interface Said {
  readonly outcome: "allow" | "deny" | "abstain" | "error";
  readonly code: string;
  readonly by: string;
  readonly status: number;
  /** A fault that was meant: an `and` ends at it. */
  readonly halts?: boolean;
  /** `by: code` of all that was refused on the way, where it is more than this one, or where this allows. */
  readonly causes: readonly string[];
}

/** The rules a tree speaks of. */
export interface World {
  knows(leaf: string, question: Question): boolean;
  ask(leaf: string, question: Question): Said;
  /** What a rule means by a plain "no". */
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

/** The tree at a moment: a question that is not defined is as if it were not written; `not(not(p))` is `p`. */
function at(spec: Spec, moment: Question, world: World, fallback: boolean, isOdd = false): Node | undefined {
  if (typeof spec === "string") return leafAt(spec, moment, world, fallback, isOdd);
  const name = nameOf(spec);
  if ("not" in spec) {
    const operand = at(spec.not, moment, world, fallback, !isOdd);
    if (operand === undefined) return undefined;
    return operand.kind === "not" ? operand.operands[0] : { kind: "not", name, operands: [operand] };
  }
  const written = "and" in spec ? spec.and : spec.or;
  const operands = written.flatMap((one) => at(one, moment, world, fallback, isOdd) ?? []);
  return operands.length < 2 ? operands[0] : { kind: "and" in spec ? "and" : "or", name, operands };
}

function leafAt(leaf: string, moment: Question, world: World, fallback: boolean, isOdd: boolean): Node | undefined {
  const ask = (question: Question): Node => ({ kind: "ask", leaf, question });
  if (moment === "connect") {
    if (world.knows(leaf, "connect")) return ask("connect");
    return fallback && world.knows(leaf, "action") ? ask("action") : undefined;
  }
  if (moment === "object") {
    const known = (["action", "object"] as const).filter((question) => world.knows(leaf, question)).map(ask);
    return known.length < 2 ? known[0] : { kind: "and", name: leaf, operands: known };
  }
  if (world.knows(leaf, "action")) return ask("action");
  return world.knows(leaf, "object") ? { kind: "pending", leaf, allows: !isOdd } : undefined;
}

const ALLOW: Said = { outcome: "allow", code: "allowed", by: "", status: 200, causes: [] };
const ABSTAIN: Said = { outcome: "abstain", code: "abstained", by: "", status: 200, causes: [] };

const label = ({ by, code }: Said) => `${by}: ${code}`;
const labels = (one: Said) => (one.causes.length > 0 ? one.causes : [label(one)]);

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
  return { ...ALLOW, causes: said.causes.filter(isFaultLabel) };
}

/** Codes of faults begin with `e_` in these tests, or are the one of a throw. */
function isFaultLabel(cause: string): boolean {
  return / (e_.*|permission_error)$/.test(cause);
}

function allOf(heard: readonly Said[]): Said {
  const denied = heard.filter(({ outcome }) => outcome === "deny");
  const failed = heard.filter(({ outcome }) => outcome === "error");
  if (denied.length > 0) return winnerOf(denied, heard);
  if (failed.length > 0) return { ...winnerOf(failed, heard), halts: failed.at(-1)?.halts === true };
  return allowedBy(heard);
}

function anyOf(heard: readonly Said[]): Said {
  const denied = heard.filter(({ outcome }) => outcome === "deny");
  const failed = heard.filter(({ outcome }) => outcome === "error");
  if (heard.at(-1)?.outcome === "allow") return allowedBy(heard);
  if (failed.length > 0) return { ...winnerOf(failed, heard), halts: failed.some(({ halts }) => halts) };
  return denied.length > 0 ? winnerOf(denied, heard) : ABSTAIN;
}

const isRefusal = ({ outcome }: Said) => outcome === "deny" || outcome === "error";

/** Whoever is admitted is told of the faults on the way, not of the denials. */
function allowedBy(heard: readonly Said[]): Said {
  if (heard.every(({ outcome }) => outcome === "abstain")) return ABSTAIN;
  const causes = heard.flatMap((one) => (isRefusal(one) ? labels(one) : one.causes));
  return causes.length > 0 ? { ...ALLOW, causes: causes.filter(isFaultLabel) } : ALLOW;
}

/** Of denials the first 401, else the first; of errors the first. All that refused are its causes, as they were met. */
function winnerOf(candidates: readonly Said[], heard: readonly Said[]): Said {
  const isDenial = candidates[0]?.outcome === "deny";
  const winner = (isDenial && candidates.find(({ status }) => status === 401)) || (candidates[0] as Said);
  const refusing = heard.filter(isRefusal);
  return refusing.length === 1 ? winner : { ...winner, causes: refusing.flatMap(labels) };
}

function refusal(code: string, by: string, status = 403): Said {
  return { outcome: "deny", code, by, status, causes: [] };
}

/** What a tree alone says at a moment, in a world whose rules always know the same questions. */
export function judgeOf(spec: Spec, moment: Question, world: World, fallback = false): () => Said {
  const node = at(spec, moment, world, fallback);
  return () => (node === undefined ? ABSTAIN : judge(node, world));
}

/** What a policy says: each part is judged alone, and all must pass. */
export function decide(policy: PolicySpec, moment: Question, action: string, outer: World): Said {
  const { connect, permissions, actions, hidesUnknown } = policy;
  const world = moment === "object" ? remembering(outer) : outer;
  const moments: Question[] = moment === "object" ? ["action", "object"] : [moment];
  let causes: string[] = [];
  const part = (spec: Spec, passesAbstain: boolean, fallback: boolean): Said | undefined => {
    let last: Said = ABSTAIN;
    for (const each of moments) {
      last = judgeOf(spec, each, world, fallback)();
      if (last.outcome === "abstain" && !passesAbstain) return refusal("permission_denied", nameOf(spec));
      if (isRefusal(last)) return last;
    }
    causes = [...causes, ...last.causes];
    return undefined;
  };
  if (permissions !== undefined) {
    const passesAbstain = moment === "connect" || actions !== undefined;
    const refused = part(permissions, passesAbstain, false);
    if (refused) return refused;
  }
  const specific = moment === "connect" ? connect : actions?.get(action);
  if (specific !== undefined) {
    const refused = part(specific, false, true);
    if (refused) return refused;
  } else if (moment !== "connect" && actions !== undefined) {
    return hidesUnknown ? refusal("permission_denied", "actions") : refusal("unknown_action", "actions", 405);
  }
  return { ...ALLOW, causes };
}

/** An object question asks only what is new. */
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
