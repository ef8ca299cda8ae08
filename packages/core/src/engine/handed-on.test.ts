import { and, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { connect } from "../../test/connection.js";
import { fault } from "../decision/answers.js";
import { combine, HANDS_ON, type HandedOn, mergeEvidence } from "./combine.js";

const handed: HandedOn = { of: {}, payload: { a: 1 } };

test("a payload is handed on by one rule of two", () => {
  const [first, second] = [{ [HANDS_ON]: handed }, { b: 2 }];
  expect(mergeEvidence(first, second)).toMatchObject({ b: 2, [HANDS_ON]: handed });
  expect(mergeEvidence(second, first)).toMatchObject({ b: 2, [HANDS_ON]: handed });
});

test("two rules that hand on a payload are a misuse", () => {
  expect(() => mergeEvidence({ [HANDS_ON]: handed }, { [HANDS_ON]: handed })).toThrow(
    new PermissionMisuse("two rules hand on a payload: let one of them do so"),
  );
});

test("refusals of no stronger outcome combine to the first", () => {
  expect(combine([fault("down"), fault("slow")], "deny")).toMatchObject({ code: "down" });
});

test("guard() refuses a rule that hands on a payload, wherever it stands", () => {
  const handing = permission(
    "parsed",
    Object.assign(() => true, { [HANDS_ON]: true }),
  );
  const plain = permission("plain", () => true);
  for (const policy of [
    definePolicy({ actions: { a: plain, b: and(plain, handing) } }),
    definePolicy({ permissions: handing, actions: { a: plain } }),
    definePolicy({ permissions: handing }),
  ]) {
    expect(() => connect(policy)).toThrow("hands on a payload, and listeners get messages as they came");
  }
  expect(() => connect(definePolicy({ actions: { a: plain } }))).not.toThrow();
});
