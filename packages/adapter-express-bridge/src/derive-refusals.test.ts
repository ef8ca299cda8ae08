import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { type Question, seen } from "../test/support.js";
import type { FromExpressOptions } from "./index.js";

const JSON_ONLY = "The message cannot be read as JSON.";
const circular: Record<string, unknown> = {};
circular.self = circular;

describe("a request that cannot be made of what a client has sent", () => {
  test.each<[string, FromExpressOptions, Question, string, number, string]>([
    ["a missing part", { url: "/:id" }, {}, "invalid_input", 400, "`id` is missing or does not fit."],
    [
      "a part that leads up",
      { url: "/a/:b" },
      { payload: { b: ".." } },
      "invalid_input",
      400,
      "`b` is missing or does not fit.",
    ],
    [
      "half a character",
      { url: "/:id" },
      { payload: { id: "\ud800" } },
      "invalid_input",
      400,
      "`id` is missing or does not fit.",
    ],
    ["a circle", {}, { payload: circular }, "invalid_input", 400, JSON_ONLY],
    ["a bigint in the body", { body: () => ({ a: 1n }) }, {}, "invalid_input", 400, JSON_ONLY],
    ["a large body", { maxBody: 6 }, { payload: { a: 1 } }, "payload_too_large", 413, "The message is too large."],
    [
      "a line break",
      { headers: () => ({ a: "1\r\nb: 2" }) },
      {},
      "invalid_input",
      400,
      "A header cannot be made of what was sent.",
    ],
  ])("is refused, and it is said why: %s", async (_what, options, question, code, status, reason) => {
    const { request, decision } = await seen(options, question);
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code, status, reason });
  });
});

describe("a request that cannot be made of what an option returned", () => {
  const OWN = "a header of its own";
  test.each<[string, object, string]>([
    ["no url", { url: () => 7 }, "`url` returned 7: return a path, each part encoded"],
    ["a list", { url: () => ["/a"] }, "`url` returned a list: return a path, each part encoded"],
    ["a host", { url: () => "http://a/b" }, '`url` returned "http://a/b": return a path, each part encoded'],
    [OWN, { headers: () => ({ Upgrade: "x" }) }, '`headers` returned "x" for Upgrade: leave it out'],
    ["a number", { headers: () => ({ "X-A": 7 }) }, "`headers` returned 7 for X-A: leave it out"],
  ])("is a fault that names the option, for the logs: %s", async (_what, options, message) => {
    const { request, decision } = await seen(options);
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error", status: 500 });
    expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
    expect((decision.error as Error).message).toBe(`fromExpress(): ${message}`);
  });
});
