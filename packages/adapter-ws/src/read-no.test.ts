import { describe, expect, test } from "vitest";
import { readNo } from "./refuse.js";

describe("a refusal of the application's `verifyClient`", () => {
  test.each([
    [[], 401, "Unauthorized"],
    [[403], 403, "Forbidden"],
    [["404"], 404, "Not Found"],
    [[100], 100, "Continue"],
    [[99], 401, "Unauthorized"],
    [[999], 999, "Refused"],
    [[1000], 401, "Unauthorized"],
    [[400.5], 401, "Unauthorized"],
    [[{ valueOf: () => 403 }], 401, "Unauthorized"],
    [[true], 401, "Unauthorized"],
    [[403, "Go away"], 403, "Go away"],
    [[403, ""], 403, "Forbidden"],
    [[403, { text: "Go away" }], 403, "Forbidden"],
    [[599], 599, "Refused"],
  ])("%j has the status %j and the text %j", (values, status, text) => {
    expect(readNo(values)).toEqual([status, text, {}]);
  });

  test.each([
    [{ "Retry-After": 5 }, { "Retry-After": "5" }],
    [{ "x-list": ["a", "b"] }, { "x-list": "a,b" }],
    [{ "x-a": "b", "x-bad": "a\r\nb", "x y": "z" }, { "x-a": "b" }],
    [{ "x-flag": true, "x-none": null, "x-object": {} }, {}],
    [null, {}],
  ])("%j has the headers %j", (headers, kept) => {
    expect(readNo([403, "No", headers])[2]).toEqual(kept);
  });

  test("has no headers when a getter throws", () => {
    const headers = Object.defineProperty({ "x-a": "b" }, "x-c", {
      enumerable: true,
      get() {
        throw new Error("a getter");
      },
    });
    expect(readNo([403, "No", headers])).toEqual([403, "No", {}]);
  });
});
