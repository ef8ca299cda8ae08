import type { Abstain, Allow, Decision } from "./decision.js";
import type { Permission, Rule } from "./permission.js";

/** A permission, or a class of one. */
type One<S> = Permission<S> | (new () => Permission<S>);

/** A list of permissions, of which all must allow. */
type List<S = never> = readonly [One<S>, ...One<S>[]];

/** Anything that may stand in a tree; with a scope, anything that can be asked where there is that scope. */
export type Like<S = never> = One<S> | List<S>;

/** At least one operand. */
export type Likes = readonly [Like, ...Like[]];

type Instance<L> = L extends new () => infer I ? I : L; // distributes over unions
type Part<P, K extends string> = P extends { readonly "~types": infer T } ? (K extends keyof T ? T[K] : never) : never;

type Question = "canConnect" | "hasPermission" | "hasObjectPermission";
type IsClassRule<I> = "hasPermission" extends keyof I ? true : false;

/** What a method of a class rule answers; `never` where the class does not define it. */
type MethodAnswer<I, K> = K extends keyof I
  ? undefined extends I[K]
    ? never
    : I[K] extends (...args: never) => infer R
      ? R
      : never
  : never;

/** The scope a method asks for. Methods are compared bivariantly: one may ask for more than its class declares. */
type MethodScope<I, K> = K extends keyof I
  ? I[K] extends (scope: infer S, ...rest: never[]) => unknown
    ? (scope: S) => void
    : never
  : never;

/** Whether an answer comes later: `true`, `false`, or `boolean` where it may be either. */
export type AsyncAnswer<V> = [V] extends [never] ? boolean : V extends PromiseLike<unknown> ? true : false;

/** The evidence of an answer; `unknown` where it may allow without any. */
export type EvidenceAnswer<V> = EvidenceOfAwaited<Awaited<V>>;
type EvidenceOfAwaited<W> = true extends W ? unknown : Abstain extends W ? unknown : EvidenceBranch<W>;
type EvidenceBranch<W> = W extends Allow<infer E> ? E : never;

/** The intersection of boxed types. Each operand is one box, so that a union inside an operand stays whole. */
type Unbox<Boxed> = [Boxed] extends [(value: infer T) => void] ? T : never;

/** What the scope must offer for the permission to be asked. */
export type ScopeOf<L> = Unbox<ScopeBox<L>>;
type ScopeOfAll<L extends Likes> = Unbox<{ [I in keyof L]: ScopeBox<L[I]> }[number]>;
type ScopeBox<L> = InstanceScope<Instance<L extends List ? L[number] : L>>;
type InstanceScope<I> = I extends unknown ? Part<I, "scope"> | MethodScope<I, Question> : never;

/** What is known of the scope once the permission has allowed an action. */
export type GuaranteeOf<L> = L extends List
  ? Unbox<{ [I in keyof L]: (value: InstanceGuarantee<Instance<L[I]>>) => void }[number]>
  : InstanceGuarantee<Instance<L>>;
type InstanceGuarantee<I> = I extends unknown
  ? IsClassRule<I> extends true
    ? [MethodAnswer<I, "hasPermission">] extends [never]
      ? unknown
      : Abstain extends Awaited<MethodAnswer<I, "hasPermission">>
        ? unknown
        : Part<I, "guarantee">
    : Part<I, "guarantee">
  : never;

/** The evidence the permission carries once it has allowed an action. */
export type EvidenceOf<L> = L extends List
  ? Unbox<{ [I in keyof L]: (value: InstanceEvidence<Instance<L[I]>>) => void }[number]>
  : InstanceEvidence<Instance<L>>;
type InstanceEvidence<I> = I extends unknown
  ? IsClassRule<I> extends true
    ? [MethodAnswer<I, "hasPermission">] extends [never]
      ? unknown
      : EvidenceAnswer<MethodAnswer<I, "hasPermission">>
    : Part<I, "evidence">
  : never;

/** Whether asking the permission may answer later. */
export type AsyncOf<L> = InstanceAsync<Instance<L extends List ? L[number] : L>>;
type InstanceAsync<I> = I extends unknown
  ? IsClassRule<I> extends true
    ? AsyncAnswer<MethodAnswer<I, Question>>
    : Part<I, "async">
  : never;
type AsyncOfAll<L extends Likes> = { [I in keyof L]: AsyncOf<L[I]> }[number];

type MeetGuarantees<L extends Likes> = Unbox<{ [I in keyof L]: (value: GuaranteeOf<L[I]>) => void }[number]>;
type MeetEvidence<L extends Likes> = Unbox<{ [I in keyof L]: (value: EvidenceOf<L[I]>) => void }[number]>;

/**
 * What every branch guarantees: the keys they have in common. A branch that can never allow does not count.
 * The keys are named apart from the union: a mapped type over `keyof Union` itself would be one for each branch.
 */
type Join<Union, K extends PropertyKey = keyof Union> = [Union] extends [never]
  ? never
  : [K] extends [never]
    ? unknown
    : { readonly [P in K]: Union[P & keyof Union] };

/** Evidence of any one branch: keys that not every branch offers are optional. */
type JoinEvidence<Union, K extends PropertyKey = keyof Union, Any = AllKeys<Union>> = [Union] extends [never]
  ? never
  : [Any] extends [never]
    ? unknown
    : Flat<
        { readonly [P in K]: Union[P & keyof Union] } & {
          readonly [P in Exclude<AllKeys<Union>, K>]?: ValueAt<Union, P>;
        }
      >;
type AllKeys<Union> = Union extends unknown ? keyof Union : never;
type ValueAt<Union, K> = Union extends unknown ? (K extends keyof Union ? Union[K] : never) : never;
type NoneIsEmpty<E> = unknown extends E ? object : E;

/** The same type, its intersections written out, for messages a human can read. */
export type Flat<T> = T extends object ? { [K in keyof T]: T[K] } : T;

/** Types of `and(...operands)`: needs all, guarantees all. */
export type And<L extends Likes> = Rule<ScopeOfAll<L>, MeetGuarantees<L>, MeetEvidence<L>, AsyncOfAll<L>>;

/** Types of `or(...operands)`: needs all, guarantees what every branch guarantees. */
export type Or<L extends Likes> = Rule<
  ScopeOfAll<L>,
  Join<{ [I in keyof L]: GuaranteeOf<L[I]> }[number]>,
  JoinEvidence<{ [I in keyof L]: NoneIsEmpty<EvidenceOf<L[I]>> }[number]>,
  AsyncOfAll<L>
>;

/** Types of `not(operand)`: guarantees nothing. */
export type Not<L> = Rule<ScopeOf<L>, unknown, unknown, AsyncOf<L>>;

/** The scope a handler behind the permission sees. */
export type Narrowed<S, L> = [GuaranteeOf<L>] extends [never]
  ? never
  : unknown extends GuaranteeOf<L>
    ? S
    : Flat<S & GuaranteeOf<L>>;

/** A plain decision where no rule may answer later. */
export type MaybeLater<A> = true extends A ? Decision | Promise<Decision> : Decision;

/**
 * Nothing, or a type whose last line says what the scope lacks. Meant to be intersected with the rule, beside
 * `Like<S>`, which compares what a rule declares but not what its methods really ask for.
 */
export type Fits<S, P> = [S] extends [ScopeOf<P>] ? unknown : { readonly "scope is missing": Lacks<S, ScopeOf<P>> };
type Lacks<S, N> = [Exclude<keyof N, keyof S>] extends [never] ? N : { [K in Exclude<keyof N, keyof S>]: N[K] };
