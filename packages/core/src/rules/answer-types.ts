import type { Abstain, Allow } from "../decision/answers.js";

/** Whether an answer comes later: `true`, `false`, or `boolean` where it may be either. */
export type AsyncAnswer<V> = unknown extends V ? boolean : [V] extends [never] ? boolean : Comes<V>;
type Comes<V> = V extends PromiseLike<unknown> ? true : false;

/** The evidence of an answer; `unknown` where it may allow without any. */
export type EvidenceAnswer<V> = EvidenceOfAwaited<Awaited<V>>;
type EvidenceOfAwaited<W> = true extends W ? unknown : Abstain extends W ? unknown : EvidenceBranch<W>;
type EvidenceBranch<W> = W extends Allow<infer E> ? E : never;
