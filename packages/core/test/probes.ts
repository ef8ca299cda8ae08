import {
  abstain,
  allow,
  BasePermission,
  type Consumer,
  type Decision,
  deny,
  fault,
  PermissionDenied,
  type PermissionLike,
  permission,
} from "@portcullis/core";
import fc from "fast-check";
import type { Question, Said } from "./naive.js";

export const CONSUMER: Consumer = { id: "1", transport: "none", raw: undefined, close() {} };

/** The scope of these tests. It holds the answer of every rule, and records the calls. */
export interface Table {
  readonly asked: string[];
  readonly answers: Record<string, () => unknown>;
}

function answer(scope: unknown, key: string): never {
  const { asked, answers } = scope as Table;
  asked.push(key);
  return (answers[key] as () => never)();
}

/** The status of a denial by a rule of this name. A third of the names have 401, so that signing in may help. */
export function statusOf(leaf: string): number {
  return leaf.charCodeAt(0) % 3 === 0 ? 401 : 403;
}

/** The key of an answer in a table. By default the name of the rule, for tests of one phase. */
type KeyOf = (leaf: string, question: Question) => string;
const byName: KeyOf = (leaf) => leaf;

/** A rule in class style with the given hooks. Its methods take no options, so that path is covered too. */
export function classRule(name: string, questions: readonly Question[], keyOf: KeyOf = byName): PermissionLike {
  class Probe extends BasePermission {
    override readonly name = name;
    override readonly code = `d_${name}`;
    override readonly status = statusOf(name);
  }
  const methods = { connect: "canConnect", action: "hasPermission", object: "hasObjectPermission" } as const;
  for (const question of questions) {
    const key = keyOf(name, question);
    Object.defineProperty(Probe.prototype, methods[question], { value: (scope: unknown) => answer(scope, key) });
  }
  return Probe;
}

/** The same in function style. Its denial by `false` has no code of its own, so tables for it use `deny(...)`. */
export function functionRule(name: string, questions: readonly Question[], keyOf: KeyOf = byName): PermissionLike {
  const parts = questions.map((question) => {
    const key = keyOf(name, question);
    return [question, ({ scope }: { scope: unknown }) => answer(scope, key)] as const;
  });
  return permission(name, Object.fromEntries(parts) as never) as PermissionLike;
}

/** One way of answering: the answer of a rule, and the decision that it means. */
export interface Way {
  readonly label: string;
  readonly said: (leaf: string) => Said;
  readonly answer: (leaf: string) => () => unknown;
  /** The label in counterexamples. */
  readonly [fc.toStringMethod]?: () => string;
}

const says =
  (outcome: Said["outcome"], code: string, status: number, halts = false) =>
  (leaf: string): Said => ({ outcome, code: code.replace("*", leaf), by: leaf, status, halts, causes: [] });
const yes = says("allow", "allowed", 200);
const none = says("abstain", "abstained", 200);
const no = (leaf: string): Said => ({
  outcome: "deny",
  code: `d_${leaf}`,
  by: leaf,
  status: statusOf(leaf),
  causes: [],
});
const failed = says("error", "permission_error", 500);
const meant = says("error", "e_*", 503, true);

const way = (label: string, said: Way["said"], give: (leaf: string) => unknown): Way => ({
  label,
  said: cached(said),
  answer: cached((leaf) => () => give(leaf)),
  [fc.toStringMethod]: () => label,
});

function cached<T>(make: (leaf: string) => T): (leaf: string) => T {
  const known = new Map<string, T>();
  return (leaf) => {
    const made = known.get(leaf) ?? make(leaf);
    known.set(leaf, made);
    return made;
  };
}

/** Made once, because making the error is most of the cost of a throw. */
const DOWN = new Error("down");

const raise = (error: unknown): never => {
  throw error;
};
const denial = cached((leaf): Decision => deny(`d_${leaf}`, { status: statusOf(leaf) }));
const broken = cached((leaf): Decision => fault(`e_${leaf}`, { status: 503 }));

export const YES = way("true", yes, () => true);
/** A plain `false`, for class rules only, because they have a code of their own. */
export const NO = way("false", no, () => false);
/** The same for a function rule, which has no code of its own. */
export const PLAIN_NO = way("false", says("deny", "permission_denied", 403), () => false);
export const ALLOW = way("allow()", yes, () => allow());
export const EVIDENCE = way("allow(evidence)", yes, (leaf) => allow({ [leaf]: leaf }));
export const DENY = way("deny()", no, denial);
export const ABSTAIN = way("abstain()", none, () => abstain());
export const THROW = way("throws", failed, () => raise(DOWN));
export const FAULT = way("fault()", meant, broken);
export const RAISED = way("throws PermissionDenied", meant, (leaf) =>
  raise(new PermissionDenied(`e_${leaf}`, { status: 503 })),
);

const LATER = new WeakMap<Way, Way>();

/** All values that a rule may return by mistake. Each is `invalid_answer`. */
const INVALID: readonly (readonly [string, (leaf: string) => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["1", () => 1],
  ['"true"', () => "true"],
  ["{}", () => ({})],
  ["a function", () => () => true],
  ["a copy of a decision", () => ({ ...allow() })],
  ["a frozen copy of a decision", () => Object.freeze({ ...allow() })],
  ["Object.create(decision)", () => Object.create(allow())],
  [
    "a frozen Object.create(decision)",
    (leaf) => Object.freeze(Object.create(denial(leaf), { outcome: { value: "allow" } })),
  ],
  ["a proxy that is revoked", revoked],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const THEN = "then";

/** Synchronous faults. */
export const SYNC_FAULTS: readonly Way[] = [
  THROW,
  FAULT,
  RAISED,
  way("throws undefined", failed, () => raise(undefined)),
  way("a `then` that throws", failed, () => Object.defineProperty({}, THEN, { get: () => raise(new Error("then")) })),
  ...INVALID.map(([label, give]) => way(label, failed, give)),
];

/** The same answer, asynchronous. */
export function later(way: Way): Way {
  const { label, said, answer } = way;
  const made = LATER.get(way) ?? {
    label: `later: ${label}`,
    said,
    answer: cached((leaf) => async () => answer(leaf)()),
  };
  LATER.set(way, made);
  return made;
}

/** The same answer, after a turn of the event loop. */
export function late({ label, said, answer }: Way): Way {
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { label: `late: ${label}`, said, answer: cached((leaf) => () => turn().then(answer(leaf))) };
}

type Settle = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
const thenable = (then: Settle) => ({ then });

const settling = (label: string, said: Way["said"], first: (leaf: string) => unknown, then: Settle): Way =>
  way(label, said, (leaf) =>
    thenable((resolve, reject) => {
      resolve(first(leaf));
      then(resolve, reject);
    }),
  );

/** Asynchronous faults and odd answers. */
export const ASYNC_FAULTS: readonly Way[] = [
  ...SYNC_FAULTS.map(later),
  late(THROW),
  late(FAULT),
  settling("settles twice: false, true", no, denial, (resolve) => resolve(true)),
  settling(
    "settles twice: fault, true",
    meant,
    (leaf) => FAULT.answer(leaf)(),
    (resolve) => resolve(true),
  ),
  settling(
    "settles twice: null, then rejects",
    failed,
    () => null,
    (_, reject) => reject(new Error("again")),
  ),
  way("a thenable that throws", failed, () => thenable(() => raise(new Error("then")))),
  way("a thenable that rejects, then allows", failed, () =>
    thenable((resolve, reject) => {
      reject(new Error("no"));
      resolve(true);
    }),
  ),
];

/** Answers that are no faults. */
export const SYNC_PLAIN: readonly Way[] = [YES, ALLOW, EVIDENCE, DENY, ABSTAIN];
export const ASYNC_PLAIN: readonly Way[] = [...SYNC_PLAIN.map(later), late(YES), late(DENY)];
