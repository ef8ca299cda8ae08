import { describe, expect, test } from "vitest";
import type { Refusal } from "../decision/decision-parts.js";
import { jsonRpc } from "./json-rpc.js";

const codec = jsonRpc();
const read = (value: unknown) => codec.decode(typeof value === "string" ? value : JSON.stringify(value));
const refusal = (code: string, status: number): Refusal => ({ code, status, reason: "No.", retry: "never" });
const call = (rest: object = {}) => ({ jsonrpc: "2.0", method: "add", ...rest });
const denied = (value: unknown, given = refusal("bad_message", 400)) => {
  const frame = codec.denied(read(value), given);
  return frame === undefined ? undefined : JSON.parse(String(frame));
};

describe("a request", () => {
  test.each([
    [call({ id: 1 }), { action: "add", id: 1 }],
    [call({ id: "a", params: { x: 1 } }), { action: "add", id: "a", payload: { x: 1 } }],
    [call({ id: null, params: [1, 2] }), { action: "add", id: null, payload: { args: [1, 2] } }],
    [call({ params: {} }), { action: "add", id: undefined, payload: {} }],
  ])("%j", (value, decoded) => {
    expect(read(value)).toEqual(decoded);
  });
});

describe("an answer", () => {
  test.each([
    [refusal("not_authenticated", 401), -32001],
    [refusal("permission_denied", 403), -32003],
    [refusal("not_a_member", 403), -32003],
    [refusal("unknown_action", 405), -32601],
    [refusal("rate_limited", 429), -32000],
    [refusal("permission_error", 500), -32000],
  ])("to a refusal (%j) has the code %i", (given, code) => {
    expect(denied(call({ id: 7 }), given)).toEqual({
      jsonrpc: "2.0",
      error: { code, message: "No.", data: given },
      id: 7,
    });
  });

  test("has the result, and the id as it was", () => {
    const reply = codec.reply(read(call({ id: "a" })), { sum: 3 }, { status: 200, action: "add" });
    expect(JSON.parse(String(reply))).toEqual({ jsonrpc: "2.0", result: { sum: 3 }, id: "a" });
    const nothing = codec.reply(read(call({ id: 0 })), undefined, { status: 200, action: "add" });
    expect(JSON.parse(String(nothing))).toEqual({ jsonrpc: "2.0", result: null, id: 0 });
  });

  test("is not given to a notification, allowed or refused", () => {
    expect(denied(call(), refusal("permission_denied", 403))).toBeUndefined();
    expect(codec.reply(read(call()), 1, { status: 200, action: "add" })).toBeUndefined();
  });
});

const BATCH = "Invalid Request: batches are not supported.";
const VERSION = 'Invalid Request: `jsonrpc` must be "2.0".';
const METHOD = "Invalid Request: the method must be a string.";
const PARAMS = "Invalid Request: the params must be an object or a list.";
const ID = "Invalid Request: the id must be a string or a number.";

test("positional params and named `args` are one payload", () => {
  const payloads = [["x"], { args: ["x"] }].map((params) => read(call({ params })).payload);
  expect(payloads).toEqual([{ args: ["x"] }, { args: ["x"] }]);
});

describe("an invalid request", () => {
  test.each([
    ["not JSON", "{", -32700, null, "Parse error."],
    ["a batch", [call({ id: 1 }), call({ id: 2 })], -32600, null, BATCH],
    ["an empty batch", [], -32600, null, BATCH],
    ["a number", 5, -32600, null, "Invalid Request."],
    ["null", "null", -32600, null, "Invalid Request."],
    ["an empty object", {}, -32600, null, VERSION],
    ["another version", { jsonrpc: "1.0", method: "add", id: 1 }, -32600, 1, VERSION],
    ["no method", { jsonrpc: "2.0", id: "a" }, -32600, "a", METHOD],
    ["a method that is no string", call({ method: 1, id: 1 }), -32600, 1, METHOD],
    ["params that are no structure", call({ params: "bar", id: 1 }), -32600, 1, PARAMS],
    ["an id that is an object", call({ id: {} }), -32600, null, ID],
    ["an id that is true", call({ id: true }), -32600, null, ID],
    ["an answer", { jsonrpc: "2.0", result: 1, id: 1 }, -32600, 1, METHOD],
    ["a notification that is none", { jsonrpc: "2.0", params: {} }, -32600, null, METHOD],
  ])("is answered: %s", (_what, value, code, id, bad) => {
    expect(read(value)).toMatchObject({ action: undefined, bad });
    expect(denied(value)).toMatchObject({ jsonrpc: "2.0", error: { code }, id });
  });

  test.each(["bad_message", "missing_action"])("is answered with a null id when unreadable (%s)", (code) => {
    const answer = JSON.parse(String(codec.denied({ action: undefined }, refusal(code, 400))));
    expect(answer).toMatchObject({ id: null, error: { code: -32600 } });
  });
});
