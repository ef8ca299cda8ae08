import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { connect } from "../../../test/connection.js";
import { checkClose } from "./close-code.js";

const SENT = [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4401, 4999];
const NEVER = [-1, 0, 99, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN, Infinity, "1000", null];

describe("a close code", () => {
  test.each(SENT)("may be %s", (code) => {
    expect(() => checkClose(code, "")).not.toThrow();
  });

  test.each(NEVER)("cannot be %s, and nothing is closed then", (code) => {
    expect(() => checkClose(code, "")).toThrow(PermissionMisuse);
    const { session, wire } = connect(definePolicy({ permissions: AllowAny }));
    for (const closes of [session, session.consumer]) {
      expect(() => closes.close(code as never)).toThrow(
        /^close\(\) got .*: give 1000, 1001 or another code of RFC 6455/,
      );
    }
    expect([session.isEnded, wire.log]).toEqual([false, []]);
  });

  test("has a text as its reason", () => {
    expect(() => checkClose(1000, 5)).toThrow(
      new PermissionMisuse("close() got 5 as `reason`: give a text, or leave it out"),
    );
  });
});
