import type { Abstain } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import type { AsyncAnswer, EvidenceAnswer } from "./answer-types.js";
import type { Permission, Rule } from "./permission.js";

/** A permission, or a class of one. */
type One<S> = Permission<S> | (new () => Permission<S>);

/** A list of permissions, of which all must allow. */
type List<S = never> = readonly [One<S>, ...One<S>[]];

/** Anything that may stand in a tree; with a scope, anything that can be asked where there is that scope. */
export type PermissionLike<S = never> = One<S> | List<S>;

/** At least one operand. */
export type PermissionLikes = readonly [PermissionLike, ...PermissionLike[]];

type Instance<L> = L extends new () => infer I ? I : L; // distributes over unions

/** What is known of one permission: what it says itself, for a class rule with what its methods say. */
type Facts<L> = FactsOfInstance<Instance<L>>;
type FactsOfInstance<I> = I extends Permission
  ? "hasPermission" extends keyof I
    ? ClassFacts<I>
    : I["~types"]
  : never;

interface ClassFacts<I extends Permission> {
  /** Methods are compared bivariantly: one may ask for more than its class declares. */
  readonly scope: I["~types"]["scope"] | MethodOf<I>["scope"];
  /** Only a rule that answers actions, and always yes or no, guarantees what it declares. */
  readonly guarantee: [OnAction<I>] extends [never]
    ? unknown
    : Abstain extends Awaited<OnAction<I>["answer"]>
      ? unknown
      : I["~types"]["guarantee"];
  readonly evidence: [OnAction<I>] extends [never] ? unknown : EvidenceAnswer<OnAction<I>["answer"]>;
  readonly async: AsyncAnswer<MethodOf<I>["answer"]>;
}

/** What a method asks and answers; `never` where the class does not define it. */
type Method<I, K extends string> = I extends { readonly [P in K]: (scope: infer S, ...rest: never[]) => infer R }
  ? { readonly scope: (scope: S) => void; readonly answer: R }
  : never;
type OnAction<I> = Method<I, "hasPermission">;
type MethodOf<I> = OnAction<I> | Method<I, "canConnect"> | Method<I, "hasObjectPermission">;

/** What every one of the functions takes. */
type Taken<F> = [F] extends [(value: infer T) => void] ? T : never;

/**
 * The intersection of the members of a tuple; a union among them stays whole. Four at a time, since the compiler pays
 * for each step, and more for the shorter spelling by way of functions.
 */
type IntersectAll<T extends readonly unknown[], M = unknown> = T extends readonly [
  infer A,
  infer B,
  infer C,
  infer D,
  ...infer R,
]
  ? IntersectAll<R, M & A & B & C & D>
  : T extends readonly [infer A, ...infer R]
    ? IntersectAll<R, M & A>
    : M;

/** What the scope must offer for the permission to be asked. */
export type ScopeOf<L> = Taken<Asks<L>>;
type Asks<L> = Facts<L extends List ? L[number] : L>["scope"];

/** What is known of the scope once the permission has allowed an action. */
export type GuaranteeOf<L> = L extends List
  ? IntersectAll<{ [I in keyof L]: Facts<L[I]>["guarantee"] }>
  : Facts<L>["guarantee"];

/** The evidence the permission carries once it has allowed an action. */
export type EvidenceOf<L> = L extends List
  ? IntersectAll<{ [I in keyof L]: Facts<L[I]>["evidence"] }>
  : Facts<L>["evidence"];

/** Whether asking the permission may answer later. */
export type AsyncOf<L> = Facts<L extends List ? L[number] : L>["async"];

type ScopeOfAll<L extends PermissionLikes> = Taken<{ [I in keyof L]: Asks<L[I]> }[number]>;
type GuaranteesOf<L extends PermissionLikes> = { [I in keyof L]: GuaranteeOf<L[I]> };
type EvidencesOf<L extends PermissionLikes> = { [I in keyof L]: EvidenceOf<L[I]> };
type AsyncOfAll<L extends PermissionLikes> = { [I in keyof L]: AsyncOf<L[I]> }[number];

/**
 * What every branch guarantees: the keys they have in common. A branch that can never allow does not count.
 * The keys are named apart from the union: a mapped type over `keyof Union` itself would be one for each branch.
 */
type CommonProps<Union, K extends PropertyKey = keyof Union> = [Union] extends [never]
  ? never
  : [K] extends [never]
    ? unknown
    : { readonly [P in K]: Union[P & keyof Union] };

/** Evidence of any one branch: keys that not every branch offers are optional. */
type JoinEvidence<Union, K extends PropertyKey = keyof Union, Any = AllKeys<Union>> = [Union] extends [never]
  ? never
  : [Any] extends [never]
    ? unknown
    : Simplify<
        { readonly [P in K]: Union[P & keyof Union] } & {
          readonly [P in Exclude<AllKeys<Union>, K>]?: ValueAt<Union, P>;
        }
      >;
type AllKeys<Union> = Union extends unknown ? keyof Union : never;
type ValueAt<Union, K> = Union extends unknown ? (K extends keyof Union ? Union[K] : never) : never;
type NoneIsEmpty<T> = { [I in keyof T]: unknown extends T[I] ? object : T[I] };

/** The same type, its intersections written out, for messages a human can read. */
export type Simplify<T> = T extends object ? { [K in keyof T]: T[K] } : T;

/** Types of `and(...operands)`: needs all, guarantees all. */
export type And<L extends PermissionLikes> = Rule<
  ScopeOfAll<L>,
  IntersectAll<GuaranteesOf<L>>,
  IntersectAll<EvidencesOf<L>>,
  AsyncOfAll<L>
>;

/** Types of `or(...operands)`: needs all, guarantees what every branch guarantees. */
export type Or<L extends PermissionLikes> = Rule<
  ScopeOfAll<L>,
  CommonProps<GuaranteesOf<L>[number]>,
  JoinEvidence<NoneIsEmpty<EvidencesOf<L>>[number]>,
  AsyncOfAll<L>
>;

/** Types of `not(operand)`: guarantees nothing. */
export type Not<L> = Rule<ScopeOf<L>, unknown, unknown, AsyncOf<L>>;

/** The scope a handler behind the permission sees. */
export type NarrowedScope<S, L> = [GuaranteeOf<L>] extends [never]
  ? never
  : unknown extends GuaranteeOf<L>
    ? S
    : Simplify<S & GuaranteeOf<L>>;

/** A plain decision where no rule may answer later. */
export type MaybeLater<A> = true extends A ? Decision | Promise<Decision> : Decision;

/**
 * Nothing, or a type whose last line says what the scope lacks. Meant to be intersected with the rule, beside
 * `Like<S>`, which compares what a rule declares but not what its methods really ask for.
 */
export type CheckScope<S, P> = [S] extends [never]
  ? unknown
  : [S] extends [ScopeOf<P>]
    ? unknown
    : { readonly "scope is missing": Lacks<S, ScopeOf<P>> };
type Lacks<S, N> = [Exclude<keyof N, keyof S>] extends [never] ? N : { [K in Exclude<keyof N, keyof S>]: N[K] };
