import fc from "fast-check";
import type { Spec } from "./naive.js";
import { ABSTAIN, ALLOW, DENY, FAULT, NO, THROW, type Way, YES } from "./probes.js";

/** Random trees of up to that many leaves, named `p0`, `p1` and so on in the order of asking. */
export function trees(most: number, least = 1): fc.Arbitrary<Spec> {
  return fc.tuple(fc.integer({ min: least, max: most }), fc.noShrink(fc.nat())).map(([leaves, seed]) => {
    let next = 0;
    let state = seed;
    const draw = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) % below;
    };
    const grow = (count: number): Spec => {
      const isNegated = draw(4) === 0;
      const spec: Spec = count === 1 ? `p${next++}` : combined(count);
      return isNegated ? { not: spec } : spec;
    };
    const combined = (count: number): Spec => {
      const kind = draw(2);
      const operands: Spec[] = [];
      const widest = draw(3) === 0 ? count : Math.ceil(count / 2);
      for (let rest = count; rest > 0; ) {
        const size = Math.min(rest, operands.length === 0 ? Math.min(count - 1, 1 + draw(widest)) : 1 + draw(widest));
        operands.push(grow(size));
        rest -= size;
      }
      return kind === 0 ? { and: operands } : { or: operands };
    };
    return grow(leaves);
  });
}

/** Answers for that many leaves, mostly plain ones, so that much of a tree is asked. */
export function answers(count: number): fc.Arbitrary<Way[]> {
  const plain = fc.constantFrom(YES, NO);
  const any = fc.constantFrom(YES, NO, ALLOW, DENY, ABSTAIN, THROW, FAULT);
  const mixed = fc.oneof({ arbitrary: plain, weight: 12 }, { arbitrary: any, weight: 2 });
  return fc.oneof(
    fc.array(plain, { minLength: count, maxLength: count }),
    fc.array(mixed, { minLength: count, maxLength: count }),
  );
}

/** Definite answers, which allow or deny. */
export function definite(count: number): fc.Arbitrary<Way[]> {
  return fc.array(fc.constantFrom(YES, NO), { minLength: count, maxLength: count });
}

/** Wraps every leaf in a combination, and cuts every combination in two. The logic is the same with another nesting. */
export function renested(spec: Spec): Spec {
  if (typeof spec === "string") return spec;
  if ("not" in spec) return { not: renested(spec.not) };
  const isAnd = "and" in spec;
  const wrap = (operands: readonly Spec[]): Spec => (isAnd ? { and: operands } : { or: operands });
  const [first, ...rest] = (isAnd ? spec.and : spec.or).map(renested);
  return rest.length === 0 ? wrap([first as Spec]) : wrap([first as Spec, wrap(rest)]);
}

/** The dual tree by De Morgan's laws. `and` and `or` are swapped, and every `not` is moved inwards. */
export function dual(spec: Spec): Spec {
  if (typeof spec === "string") return { not: spec };
  if ("not" in spec) return { not: dual(spec.not) };
  return "and" in spec ? { or: spec.and.map(dual) } : { and: spec.or.map(dual) };
}
