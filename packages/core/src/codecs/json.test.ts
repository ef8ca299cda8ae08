import { describe, expect, test } from "vitest";
import type { Refusal } from "../decision/decision-parts.js";
import { PermissionMisuse } from "../decision/errors.js";
import { json } from "./json.js";

const DENIED: Refusal = { code: "permission_denied", status: 403, reason: "No.", retry: "never" };
const read = (value: unknown, codec = json()) =>
  codec.decode(typeof value === "string" ? value : JSON.stringify(value));
/** A request without the message that it was read from. */
const partsOf = (value: unknown, codec = json()) => {
  const { message, ...parts } = read(value, codec);
  return parts;
};

test("a request has the message as it came, with all keys", () => {
  const message = { type: "join", id: 1, data: { room: "lobby" }, seq: 3 };
  expect(read(message).message).toEqual(message);
  expect(read(message, json({ payload: "data" })).message).toEqual(message);
  expect(read({ seq: 3, type: 5 })).toMatchObject({
    bad: "The action must be a string.",
    message: { seq: 3, type: 5 },
  });
  expect(read("[]").message).toBeUndefined();
});

test("a request has a type, an id, and the rest as payload", () => {
  expect(partsOf({ type: "join", id: 1, room: "lobby" })).toEqual({
    action: "join",
    id: 1,
    payload: { room: "lobby" },
  });
});

test("the keys can have other names", () => {
  const codec = json({ action: "cmd", id: "seq" });
  const request = read({ cmd: "join", seq: 7, type: "data", id: "data" }, codec);
  expect(partsOf({ cmd: "join", seq: 7, type: "data", id: "data" }, codec)).toEqual({
    action: "join",
    id: 7,
    payload: { type: "data", id: "data" },
  });
  expect(JSON.parse(String(codec.denied(request, DENIED)))).toEqual({ cmd: "join", seq: 7, error: DENIED });
  expect(JSON.parse(String(codec.reply(request, [1], { status: 200, action: "joined" })))).toEqual({
    cmd: "joined",
    seq: 7,
    status: 200,
    data: [1],
  });
});

test("an id that cannot be repeated leaves the action readable", () => {
  let id: unknown = 1;
  for (let level = 0; level < 200; level++) id = [id];
  expect(partsOf({ type: "join", id })).toEqual({ action: "join", bad: "The id is nested too deeply." });
});

test("an answer omits fields that the request lacks", () => {
  expect(String(json().denied(read({ type: "join" }), DENIED))).toBe(JSON.stringify({ type: "join", error: DENIED }));
  expect(String(json().denied(read("[]"), DENIED))).toBe(JSON.stringify({ error: DENIED }));
  expect(JSON.parse(String(json().reply(read({ type: "a" }), undefined, { status: 204, action: "a" })))).toEqual({
    type: "a",
    status: 204,
    data: null,
  });
});

test.each([
  [
    { id: 1, cmd: "x" },
    { action: undefined, payload: { cmd: "x" }, id: 1 },
  ],
  [
    { type: null, id: 1 },
    { action: undefined, payload: {}, id: 1 },
  ],
  [
    { type: 5, id: 1 },
    { action: undefined, id: 1, bad: "The action must be a string." },
  ],
  ["5", { action: undefined, bad: "The message could not be read: send a JSON object." }],
])("%j is no request", (value, decoded) => {
  expect(partsOf(value)).toEqual(decoded);
});

describe("a payload under a key of its own", () => {
  const codec = json({ payload: "data" });

  test("is the value of the key alone", () => {
    expect(partsOf({ type: "join", id: 1, data: { room: "lobby", type: "x" }, other: 2 }, codec)).toEqual({
      action: "join",
      id: 1,
      payload: { room: "lobby", type: "x" },
    });
  });

  test("keeps `__proto__` as data", () => {
    const { payload } = read('{"type":"join","data":{"__proto__":{"isAdmin":true}}}', codec);
    expect(Object.keys(payload as object)).toEqual(["__proto__"]);
    expect((payload as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  test.each([{ type: "join" }, { type: "join", data: null }])("is empty in %j", (value) => {
    expect(partsOf(value, codec)).toEqual({ action: "join", id: undefined, payload: {} });
  });

  test.each([[5], [[1]], ["text"], [true]])("is an object, not %j", (data) => {
    const request = { action: "join", id: 1, bad: "The data must be an object." };
    expect(partsOf({ type: "join", id: 1, data }, codec)).toEqual(request);
    const frame = codec.denied(read({ type: "join", id: 1, data }, codec), DENIED);
    expect(JSON.parse(String(frame))).toEqual({ type: "join", id: 1, error: DENIED });
  });

  test("is not read from a prototype", () => {
    for (const payload of ["__proto__", "constructor"]) {
      expect(read({ type: "join" }, json({ payload })).payload).toEqual({});
    }
  });

  test("is answered in the same envelope", () => {
    const request = read({ type: "join", id: 1, data: {} }, codec);
    expect(JSON.parse(String(codec.reply(request, [1], { status: 200, action: "join" })))).toEqual({
      type: "join",
      id: 1,
      status: 200,
      data: [1],
    });
  });
});

test("a notice has the event as its type, and its data", () => {
  const notice = (codec = json()) => JSON.parse(String(codec.notify?.("auth.expiring", { expiresIn: 5 })));
  expect(notice()).toEqual({ type: "auth.expiring", expiresIn: 5 });
  expect(notice(json({ action: "cmd" }))).toEqual({ cmd: "auth.expiring", expiresIn: 5 });
  expect(notice(json({ payload: "data" }))).toEqual({ type: "auth.expiring", data: { expiresIn: 5 } });
});

test("a wrong option of json() is told with its name", () => {
  expect(() => json({ key: "a" } as never)).toThrow(
    "json() has no option `key`: the options are action, id, payload, heartbeat",
  );
  expect(() => json({ id: "type" })).toThrow(
    'json() got "type" as a key: give keys that differ, as in json({ action: "type", id: "id", payload: "data" })',
  );
});

test("wrong options throw at once", () => {
  for (const options of [
    { action: "" },
    { action: 5 },
    { action: "id" },
    { id: "type" },
    { payload: "id" },
    { payload: "" },
    { key: "a" },
  ]) {
    expect(() => json(options as never)).toThrow(PermissionMisuse);
  }
});

describe("the hint about an inner payload", () => {
  const hint = (message: object, codec = json()) => codec["~hint"]?.(read(message, codec));

  test.each(["payload", "data", "params", "args", "body", "detail", "message"])("names the key %s", (key) => {
    expect(hint({ type: "join", [key]: { room: "lobby" } })).toBe(
      `rules find the fields of a message in \`payload.${key}\`: use \`json({ payload: "${key}" })\` to judge those of \`${key}\` as the payload`,
    );
  });

  test.each([
    ["no key", {}],
    ["another key", { room: { name: "lobby" } }],
    ["a key beside others", { data: {}, room: "lobby" }],
    ["a key of a list", { data: [] }],
    ["a key of a text", { data: "lobby" }],
  ])("is not given for %s", (_what, rest) => {
    expect(hint({ type: "join", ...rest })).toBeUndefined();
  });

  test("is not given without an action, or with a named payload", () => {
    expect(hint({ data: {} })).toBeUndefined();
    expect(hint({ type: "join", payload: { data: {} } }, json({ payload: "payload" }))).toBeUndefined();
  });
});
