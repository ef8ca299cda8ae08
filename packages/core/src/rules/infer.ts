import type { Abstain } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import type { AsyncAnswer, EvidenceAnswer } from "./answer-types.js";
import type { Permission, Rule } from "./permission.js";
import type { CheckRoles, UserOf } from "./user-types.js";

/** A permission, or a class of one. */
type One<S> = Permission<S> | (new () => Permission<S>);

/** A list of permissions. All must allow. */
type List<S = never> = readonly [One<S>, ...One<S>[]];

/**
 * An operand of a tree: a permission, a class of one, or a list of them. With `S`, an operand that the scope `S`
 * satisfies.
 */
export type PermissionLike<S = never> = One<S> | List<S>;

/** A permission of any scope. Its scope is `unknown`, so that it is no source for the inference of a scope. */
interface AnyPermission {
  readonly "~types": {
    readonly scope: unknown;
    readonly guarantee: unknown;
    readonly evidence: unknown;
    readonly async: boolean;
  };
}
type AnyOne = AnyPermission | (new () => AnyPermission) | UncalledFunction | ClassWithParameters;

/**
 * The type that a function is compared with in place of a permission. No function has its property, whose name ends the
 * compiler's message.
 */
interface UncalledFunction {
  (...input: never): unknown;
  readonly "call it, as in HasRole(...), or wrap it, as in permission(name, rule)": never;
}

/** The same for a class whose constructor has parameters. */
interface ClassWithParameters {
  new (...input: never): object;
  readonly "give an instance, as in new IsMember(...)": never;
}

/**
 * The constraint of an operand for the scope `S`, or for any scope when that is `never`. The compiler infers the scope of
 * an inline `permission()` from the constraint around it, and would find `never` in `PermissionLike`.
 */
export type OperandFor<S = never> = [S] extends [never]
  ? AnyOne | readonly [AnyOne, ...AnyOne[]]
  : PermissionLike<S> | UncalledFunction | ClassWithParameters;

/** At least one operand. */
export type PermissionLikes = readonly [OperandFor, ...OperandFor[]];

type Instance<L> = L extends new () => infer I ? I : L; // distributes over unions

/** The types of one permission as it declares them; for a class rule, combined with the types of its methods. */
type Facts<L> = FactsOfInstance<Instance<L>>;
type FactsOfInstance<I> = I extends Permission
  ? "hasPermission" extends keyof I
    ? ClassFacts<I>
    : I["~types"]
  : unknown extends I
    ? never
    : I extends AnyPermission
      ? I["~types"]
      : never;

interface ClassFacts<I extends Permission> {
  /** TypeScript compares methods bivariantly, so a method may need more scope than its class declares. */
  readonly scope: I["~types"]["scope"] | MethodOf<I>["scope"];
  /** The declared guarantee counts only for a rule that answers actions and never abstains. */
  readonly guarantee: [OnAction<I>] extends [never]
    ? unknown
    : Abstain extends Awaited<OnAction<I>["answer"]>
      ? unknown
      : I["~types"]["guarantee"];
  readonly evidence: [OnAction<I>] extends [never] ? unknown : EvidenceAnswer<OnAction<I>["answer"]>;
  readonly async: AsyncAnswer<MethodOf<I>["answer"]>;
}

/** The scope and the answer of a method; `never` when the class does not define it. */
type Method<I, K extends string> = I extends { readonly [P in K]: (scope: infer S, ...rest: never[]) => infer R }
  ? { readonly scope: (scope: S) => void; readonly answer: R }
  : never;
type OnAction<I> = Method<I, "hasPermission">;
type MethodOf<I> = OnAction<I> | Method<I, "canConnect"> | Method<I, "hasObjectPermission">;

/** The intersection of the parameters of a union of functions. */
type Taken<F> = [F] extends [(value: infer T) => void] ? T : never;

/**
 * The intersection of the members of a tuple. A union member stays a union. Takes four members a step, because the
 * compiler pays for each step; the shorter spelling with functions costs more.
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

/** The scope that the permission needs. */
export type ScopeOf<L> = Taken<Asks<L>>;
type Asks<L> = Facts<L extends List ? L[number] : L>["scope"];

/** The guarantee of the permission: the properties of the scope once it has allowed an action. */
export type GuaranteeOf<L> = L extends List
  ? IntersectAll<{ [I in keyof L]: Facts<L[I]>["guarantee"] }>
  : Facts<L>["guarantee"];

/** The evidence of the permission once it has allowed an action. */
export type EvidenceOf<L> = L extends List
  ? IntersectAll<{ [I in keyof L]: Facts<L[I]>["evidence"] }>
  : Facts<L>["evidence"];

/** `true` when the permission answers asynchronously, `false` when it does not, `boolean` when it may. */
export type AsyncOf<L> = Facts<L extends List ? L[number] : L>["async"];

type ScopeOfAll<L extends PermissionLikes> = Taken<{ [I in keyof L]: Asks<L[I]> }[number]>;
type GuaranteesOf<L extends PermissionLikes> = { [I in keyof L]: GuaranteeOf<L[I]> };
type EvidencesOf<L extends PermissionLikes> = { [I in keyof L]: EvidenceOf<L[I]> };
type AsyncOfAll<L extends PermissionLikes> = { [I in keyof L]: AsyncOf<L[I]> }[number];

/**
 * The guarantee that all branches share, with the keys that they have in common. A branch that can never allow does not
 * count. `K` is a parameter of its own, because a mapped type over `keyof Union` would distribute over the branches.
 */
type CommonProps<Union, K extends PropertyKey = keyof Union> = [Union] extends [never]
  ? never
  : [K] extends [never]
    ? unknown
    : { readonly [P in K]: Union[P & keyof Union] };

/** The evidence of any one branch. Keys that not every branch offers are optional. */
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

/** The same type with flattened intersections, for readable compiler messages. */
export type Simplify<T> = T extends object ? { [K in keyof T]: T[K] } : T;

/** The type of `and(...operands)`. Its needs and guarantees are those of all operands. */
export type And<L extends PermissionLikes> = Rule<
  ScopeOfAll<L>,
  IntersectAll<GuaranteesOf<L>>,
  IntersectAll<EvidencesOf<L>>,
  AsyncOfAll<L>
>;

/**
 * The type of `or(...operands)`. Its needs are those of all operands, its guarantees are those that all of them share.
 */
export type Or<L extends PermissionLikes> = Rule<
  ScopeOfAll<L>,
  CommonProps<GuaranteesOf<L>[number]>,
  JoinEvidence<NoneIsEmpty<EvidencesOf<L>>[number]>,
  AsyncOfAll<L>
>;

/** The type of `not(operand)`. It guarantees nothing. */
export type Not<L> = Rule<ScopeOf<L>, unknown, unknown, AsyncOf<L>>;

/** The scope of a handler behind the permission. */
export type NarrowedScope<S, L> = [GuaranteeOf<L>] extends [never]
  ? never
  : unknown extends GuaranteeOf<L>
    ? S
    : Simplify<S & GuaranteeOf<L>>;

/** A plain decision when no rule may answer asynchronously. */
export type MaybeLater<A> = true extends A ? Decision | Promise<Decision> : Decision;

/**
 * `unknown`, or a type that ends the compiler's message with the missing properties of the scope, or of its user. Intersect it with the
 * rule, beside `PermissionLike<S>`, which compares the declared scope of a rule but not the scope that its methods
 * need.
 */
export type CheckScope<S, P> = [S] extends [never]
  ? unknown
  : [S] extends [ScopeOf<P>]
    ? CheckRoles<ScopeOf<P>, UserOf<S>>
    : { readonly "scope is missing": Lacks<S, ScopeOf<P>> };
type Lacks<S, N> = [Exclude<keyof N, keyof S>] extends [never] ? N : { [K in Exclude<keyof N, keyof S>]: N[K] };
