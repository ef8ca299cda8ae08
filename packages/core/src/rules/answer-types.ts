import type { Abstain, Allow } from "../decision/answers.js";

/** `true` for an asynchronous answer, `false` for a synchronous one, `boolean` when it may be either. */
export type AsyncAnswer<V> = unknown extends V ? boolean : [V] extends [never] ? boolean : IsPromise<V>;
type IsPromise<V> = V extends PromiseLike<unknown> ? true : false;

/** The evidence of an answer; `unknown` when it may allow without evidence. */
export type EvidenceAnswer<V> = EvidenceOfAwaited<Awaited<V>>;
type EvidenceOfAwaited<W> = true extends W ? unknown : Abstain extends W ? unknown : EvidenceBranch<W>;
type EvidenceBranch<W> = W extends Allow<infer E> ? E : never;
