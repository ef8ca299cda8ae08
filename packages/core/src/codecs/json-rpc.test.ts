import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Refusal } from "../decision/decision-parts.js";
import { type JsonRpcRequest, jsonRpc } from "./json-rpc.js";

const codec = jsonRpc();
/** Reads one request. */
const read = (value: unknown) =>
  codec.decode(typeof value === "string" ? value : JSON.stringify(value)) as JsonRpcRequest;
/** Reads a batch. */
const readAll = (value: unknown) => [...(codec.decode(JSON.stringify(value)) as Iterable<JsonRpcRequest>)];
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
    [call({ params: {}, seq: 3 }), { action: "add", id: undefined, payload: {} }],
  ])("%j", (value, decoded) => {
    expect(read(value)).toEqual({ ...decoded, message: value });
  });
});

describe("an answer", () => {
  test.each([
    [refusal("not_authenticated", 401), -32001, "No."],
    [refusal("permission_denied", 403), -32003, "No."],
    [refusal("not_a_member", 403), -32003, "No."],
    [refusal("unknown_action", 405), -32601, "Method not found"],
    [refusal("invalid_input", 400), -32602, "Invalid params"],
    [refusal("rate_limited", 429), -32000, "No."],
    [refusal("batch_refused", 424), -32000, "No."],
    [refusal("permission_error", 500), -32000, "No."],
  ])("to a refusal (%j) has the code %i", (given, code, message) => {
    expect(denied(call({ id: 7 }), given)).toEqual({ jsonrpc: "2.0", error: { code, message, data: given }, id: 7 });
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

test("a notice is a notification, without an id", () => {
  expect(JSON.parse(String(codec.notify?.("auth.expiring", { expiresIn: 5 })))).toEqual({
    jsonrpc: "2.0",
    method: "auth.expiring",
    params: { expiresIn: 5 },
  });
});

test("a wrong option of jsonRpc() is told with its name", () => {
  expect(() => jsonRpc({ id: "seq" } as never)).toThrow("jsonRpc() has no option `id`: the options are heartbeat");
  expect(() => jsonRpc({ heartbeat: { ping: "", pong: "" } })).toThrow('jsonRpc() got "" as `heartbeat`');
});

const VERSION = '`jsonrpc` must be "2.0".';
const METHOD = "The method must be a string.";
const PARAMS = "The params must be an object or a list.";
const ID = "The id must be a string or a number.";
const OBJECT = "A request is an object.";

test("positional params alone are the payload `args`", () => {
  expect(read(call({ params: ["x"] })).payload).toEqual({ args: ["x"] });
  expect(read(call({ params: { arg: ["x"] } })).payload).toEqual({ arg: ["x"] });
});

describe("an invalid request", () => {
  test.each([
    ["not JSON", "{", -32700, null, "The message is not JSON."],
    ["an empty batch", [], -32600, null, "A batch holds at least one request."],
    ["a number", 5, -32600, null, OBJECT],
    ["null", "null", -32600, null, OBJECT],
    ["an empty object", {}, -32600, null, VERSION],
    ["another version", { jsonrpc: "1.0", method: "add", id: 1 }, -32600, 1, VERSION],
    ["no method", { jsonrpc: "2.0", id: "a" }, -32600, "a", METHOD],
    ["a method that is no string", call({ method: 1, id: 1 }), -32600, 1, METHOD],
    ["params that are no structure", call({ params: "bar", id: 1 }), -32600, 1, PARAMS],
    [
      "a parameter named `args`",
      call({ params: { args: ["x"] }, id: 1 }),
      -32600,
      1,
      "No parameter may be named `args`.",
    ],
    ["an id that is an object", call({ id: {} }), -32600, null, ID],
    ["an id that is true", call({ id: true }), -32600, null, ID],
    ["an answer", { jsonrpc: "2.0", result: 1, id: 1 }, -32600, 1, METHOD],
    ["a notification that is none", { jsonrpc: "2.0", params: {} }, -32600, null, METHOD],
  ])("is answered: %s", (_what, value, code, id, bad) => {
    expect(read(value)).toMatchObject({ action: undefined, bad });
    const message = code === -32700 ? "Parse error" : "Invalid Request";
    expect(denied(value)).toMatchObject({ jsonrpc: "2.0", error: { code, message }, id });
  });

  test.each(["bad_message", "missing_action"])("is answered with a null id when unreadable (%s)", (code) => {
    const answer = JSON.parse(String(codec.denied({ action: undefined }, refusal(code, 400))));
    expect(answer).toMatchObject({ id: null, error: { code: -32600, message: "Invalid Request" } });
  });
});

describe("a batch", () => {
  test("holds its members as they are read alone", () => {
    const member = fc.oneof(
      fc.record({ id: fc.integer() }).map(call),
      fc.constantFrom<unknown>(call(), 1, null, [], [call({ id: 1 })], {}, "a", call({ id: [] }), call({ params: 5 })),
    );
    fc.assert(
      fc.property(fc.array(member, { minLength: 1 }), (batch) => {
        const alone = batch.map((one) =>
          Array.isArray(one) ? { action: undefined, bad: OBJECT } : read(JSON.stringify(one)),
        );
        expect(readAll(batch)).toMatchObject(alone);
      }),
    );
  });

  test("is answered by a list", () => {
    const answers = [1, 2].map((id) => codec.reply(read(call({ id })), id, { status: 200, action: "add" })) as string[];
    expect(codec.join(answers)).toBe(`[${answers}]`);
    expect(codec.join([new TextEncoder().encode('"ü"'), "1"])).toBe('["ü",1]');
  });
});
