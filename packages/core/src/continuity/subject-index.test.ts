import fc from "fast-check";
import { expect, test } from "vitest";
import { areSame, SubjectIndex } from "./subject-index.js";

test("a subject has the connections that were added and not removed", () => {
  const subjects = fc.subarray(["a", "b", "c"]);
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 4 })), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(subjects, { minLength: 5, maxLength: 5 }), steps, (names, all) => {
      const ones = names.map((own) => ({ subjects: own }));
      const index = new SubjectIndex<(typeof ones)[number]>();
      const there = new Set<(typeof ones)[number]>();
      for (const [isAdded, at] of all) {
        const one = ones[at] as (typeof ones)[number];
        if (isAdded) {
          index.add(one);
          there.add(one);
        } else {
          index.remove(one);
          there.delete(one);
        }
      }
      for (const subject of ["a", "b", "c"]) {
        const expected = [...there].filter((one) => one.subjects.includes(subject));
        expect(new Set(index.of(subject))).toEqual(new Set(expected));
      }
    }),
  );
});

test.each([
  [[], [], true],
  [["a", "b"], ["a", "b"], true],
  [["a", "b"], ["a", "c"], false],
  [["a", "b"], ["b", "a"], false],
  [["a"], ["a", "b"], false],
  [["a", "b"], ["a"], false],
])("the subjects %j and %j are the same: %s", (some, others, expected) => {
  expect(areSame(some, others)).toBe(expected);
});
