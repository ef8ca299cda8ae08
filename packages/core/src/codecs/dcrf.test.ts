import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Refusal } from "../decision/decision-parts.js";
import { PermissionMisuse } from "../decision/errors.js";
import { type DcrfRequest, dcrf } from "./dcrf.js";

const DENIED: Refusal = { code: "permission_denied", status: 403, reason: "No.", retry: "never" };
const UNKNOWN: Refusal = { code: "unknown_action", status: 405, reason: "Unknown action.", retry: "never" };

const read = (value: unknown, codec = dcrf()) =>
  codec.decode(typeof value === "string" ? value : JSON.stringify(value));
/** A request without the message that it was read from. */
const partsOf = (value: unknown, codec = dcrf()) => {
  const { message, ...parts } = read(value, codec);
  return parts;
};
const written = (frame: unknown) => JSON.parse(String(frame)) as Record<string, unknown>;

describe("a request", () => {
  test("has an action, an id, and the rest as payload", () => {
    expect(partsOf({ action: "join", request_id: "a", room: 1, deep: { action: "x" } })).toEqual({
      action: "join",
      name: "join",
      id: "a",
      payload: { room: 1, deep: { action: "x" } },
    });
  });

  test.each([
    [{ room: 1 }, undefined],
    [{ action: null }, undefined],
  ])("without an action is a missing action: %j", (value, bad) => {
    expect(read(value)).toMatchObject({ action: undefined });
    expect(read(value).bad).toBe(bad);
  });

  test("without an action has a payload without the keys of DCRF", () => {
    expect(read({ action: null, request_id: 1, room: 1 }).payload).toEqual({ room: 1 });
  });

  test.each([[5], [{}], [["a"]], [true]])("has a string as its action, not %j", (action) => {
    expect(partsOf({ action, request_id: 1 })).toEqual({
      action: undefined,
      id: 1,
      bad: "The action must be a string.",
    });
  });

  test.each(["[]", "5", "null", '"s"', "", "{"])("is an object, not %s", (text) => {
    expect(partsOf(text)).toEqual({ action: undefined, bad: "The message could not be read: send a JSON object." });
  });
});

test("a request has the message as it came, with its stream", () => {
  const message = { action: "join", request_id: 1, room: 1 };
  expect(read(message).message).toEqual(message);
  const wrapped = { stream: "a", payload: message, seq: 3 };
  expect(read(wrapped, dcrf({ multiplex: true })).message).toEqual(wrapped);
  expect(read({ stream: "b", seq: 3 }, dcrf({ multiplex: ["a"] })).message).toEqual({ stream: "b", seq: 3 });
  expect(read("[]").message).toBeUndefined();
});

describe("an id", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

  test.each([
    ["as deep as can be sent back", nested(100), undefined],
    ["one deeper", nested(101), "The request_id is nested too deeply."],
    ["that is too deep in one of its parts", [1, nested(100), 2], "The request_id is nested too deeply."],
    ["that is too deep in a part with a name", { a: 1, b: nested(100) }, "The request_id is nested too deeply."],
  ])("%s", (_what, id, bad) => {
    expect(read({ action: "join", request_id: id }).bad).toBe(bad);
    expect(read({ stream: "a", payload: { action: "join", request_id: id } }, dcrf({ multiplex: true })).bad).toBe(bad);
  });
});

test("`__proto__` in a payload is data", () => {
  const { payload } = read('{"action":"join","__proto__":{"isAdmin":true}}');
  expect(Object.getOwnPropertyDescriptors(payload)).toEqual({
    ["__proto__"]: { value: { isAdmin: true }, writable: true, enumerable: true, configurable: true },
  });
});

describe("an answer", () => {
  const request = read({ action: "list", request_id: { nested: [1] } });

  test("has exactly five keys, in the order of DCRF", () => {
    expect(String(dcrf().denied(request, DENIED))).toBe(
      '{"errors":["No."],"data":null,"action":"list","response_status":403,"request_id":{"nested":[1]}}',
    );
    expect(String(dcrf().reply(request, [1], { status: 201, action: "list" }))).toBe(
      '{"errors":[],"data":[1],"action":"list","response_status":201,"request_id":{"nested":[1]}}',
    );
  });

  test("names the unknown action as DCRF does", () => {
    expect(written(dcrf().denied(request, UNKNOWN)).errors).toEqual(['Method "list" not allowed.']);
  });

  test("has null for fields that the request lacks", () => {
    const nothing: DcrfRequest = { action: undefined };
    expect(written(dcrf().denied(nothing, DENIED))).toMatchObject({ action: null, request_id: null });
    expect(written(dcrf().reply(read({ action: "a" }), undefined, { status: 204, action: "a" }))).toMatchObject({
      data: null,
      request_id: null,
      response_status: 204,
    });
  });

  test("holds code and retry with the option `codes`", () => {
    const { data } = written(dcrf({ codes: true }).denied(request, DENIED));
    expect(data).toEqual({ code: "permission_denied", retry: "never" });
    const later = written(dcrf({ codes: true }).denied(request, { ...DENIED, retry: "later", retryAfter: 3 }));
    expect(later.data).toEqual({ code: "permission_denied", retry: "later", retryAfter: 3 });
  });

  test("may name another action, as subscription events do", () => {
    expect(written(dcrf().reply(request, {}, { status: 200, action: "update" })).action).toBe("update");
  });
});

describe("issues of a payload", () => {
  const errors = (issues: { path: string[]; message: string }[]) =>
    written(dcrf().denied(read({ action: "a" }), { ...DENIED, code: "invalid_input", status: 400 }, issues)).errors;

  test.each([
    ["a field", [{ path: ["room"], message: "bad" }], [{ room: ["bad"] }]],
    [
      "two of one field, and another",
      [
        { path: ["room"], message: "bad" },
        { path: ["text"], message: "long" },
        { path: ["room"], message: "worse" },
      ],
      [{ room: ["bad", "worse"], text: ["long"] }],
    ],
    ["the payload itself", [{ path: [], message: "odd" }], [{ non_field_errors: ["odd"] }]],
    ["a field of a field", [{ path: ["tags", "0"], message: "bad" }], [{ tags: { "0": ["bad"] } }]],
    [
      "a field and one in it",
      [
        { path: ["a"], message: "bad" },
        { path: ["a", "b"], message: "deep" },
        { path: ["a"], message: "worse" },
      ],
      [{ a: { non_field_errors: ["bad", "worse"], b: ["deep"] } }],
    ],
    ["nothing that can be told", [], ["No."]],
  ])("is written as serializers write it: %s", (_what, issues, expected) => {
    expect(errors(issues)).toEqual(expected);
  });

  test("have names of a prototype as data", () => {
    expect(JSON.stringify(errors([{ path: ["__proto__", "constructor"], message: "bad" }]))).toBe(
      '[{"__proto__":{"constructor":["bad"]}}]',
    );
  });

  test("keep every message, whatever the paths are", () => {
    const names = fc.constantFrom("a", "b", "", "0", "__proto__", "constructor", "non_field_errors");
    const issue = fc.record({ path: fc.array(names, { maxLength: 4 }), message: fc.string() });
    const texts = (value: unknown): unknown[] =>
      typeof value === "object" ? Object.values(value as object).flatMap(texts) : [value];
    fc.assert(
      fc.property(fc.array(issue, { minLength: 1, maxLength: 5 }), (issues) => {
        expect(texts(errors(issues)).sort()).toEqual(issues.map(({ message }) => message).sort());
      }),
    );
  });
});

describe("multiplex", () => {
  const any = dcrf({ multiplex: true });
  const named = dcrf({ multiplex: ["people", "rooms"] });
  const frame = (stream: unknown, payload: unknown = { action: "list", request_id: 1, pk: 2 }) => ({ stream, payload });

  test("wraps requests and answers", () => {
    const request = read(frame("people"), any);
    expect(request).toMatchObject({ action: "list", payload: { pk: 2 }, id: 1, stream: "people" });
    expect(written(any.denied(request, DENIED))).toEqual({
      stream: "people",
      payload: { errors: ["No."], data: null, action: "list", response_status: 403, request_id: 1 },
    });
    expect(written(any.reply(request, 1, { status: 200, action: "list" }))).toMatchObject({
      stream: "people",
      payload: { data: 1, action: "list" },
    });
  });

  test("with names prefixes the action for rules, not for clients", () => {
    const request = read(frame("people"), named);
    expect(request.action).toBe("people.list");
    expect(written(named.denied(request, UNKNOWN)).payload).toMatchObject({
      action: "list",
      errors: ['Method "list" not allowed.'],
    });
    const reply = written(named.reply(request, 1, { status: 200, action: "people.list" }));
    expect(reply.payload).toMatchObject({ action: "list" });
  });

  const NO_STREAM = "The message could not be read: send an object with `stream` and `payload`.";
  test.each([
    ["no stream", { payload: { action: "list" } }, null, NO_STREAM],
    ["no payload", { stream: "people" }, "people", NO_STREAM],
    ["a payload that is a list", frame("people", []), "people", NO_STREAM],
    ["a stream that is no name", frame(5), null, NO_STREAM],
    ["an empty stream", frame(""), null, NO_STREAM],
    ["an unknown stream", frame("__proto__"), "__proto__", "There is no such stream."],
  ])("refuses %s", (_what, value, stream, bad) => {
    const request = read(value, named);
    expect(request).toMatchObject({ action: undefined, bad });
    expect(written(named.denied(request, DENIED))).toMatchObject({ stream, payload: { action: null } });
  });

  test("answers on the stream of a request without a valid action", () => {
    expect(read(frame("people", {}), any)).toMatchObject({ action: undefined, stream: "people" });
    expect(read(frame("people", { action: 5 }), any)).toMatchObject({ bad: expect.any(String), stream: "people" });
  });
});

describe("names of streams", () => {
  const part = fc.constantFrom("a", "b", ".", "..", "rooms");
  const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));

  test("are refused where two streams would share an action", () => {
    expect(() => dcrf({ multiplex: ["chat", "people", "chat.rooms"] })).toThrow(
      'dcrf() got the streams "chat" and "chat.rooms" in `multiplex`: the action "rooms.delete" of one would be "delete" of the other: write "chat-rooms"',
    );
    expect(() => dcrf({ multiplex: ["chat", "chatter", "chat-rooms", "a.b", "a.c", "chat"] })).not.toThrow();
  });

  test("keep actions apart, or are refused", () => {
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 5 }),
        fc.array(name, { maxLength: 5 }),
        (streams, asked) => {
          const overlaps = streams.some((one) => streams.some((other) => other.startsWith(`${one}.`)));
          if (overlaps) {
            expect(() => dcrf({ multiplex: streams })).toThrow(PermissionMisuse);
            return;
          }
          const codec = dcrf({ multiplex: streams });
          const all = [...new Set(streams)].flatMap((stream) =>
            ["", ...new Set(asked)].map((action) => read({ stream, payload: { action } }, codec).action),
          );
          expect(new Set(all).size).toBe(all.length);
        },
      ),
    );
  });
});

test.each<[unknown, string]>([
  [[""], "a list"],
  ["people", '"people"'],
  [1, "1"],
  [[5], "a list"],
  [["people", ""], "a list"],
  [[], "an empty list"],
])("`multiplex` cannot be %j", (multiplex, shown) => {
  expect(() => dcrf({ multiplex: multiplex as never })).toThrow(
    `dcrf() got ${shown} as \`multiplex\`: write true, or the names of the streams in a list`,
  );
});

test("a wrong option of dcrf() is told with its name", () => {
  expect(() => dcrf({ code: true } as never)).toThrow("dcrf() has no option `code`: write `codes`");
  expect(() => dcrf({ heartbeat: { ping: "", pong: "" } })).toThrow('dcrf() got "" as `heartbeat`');
});

test("a notice has the five keys of DCRF", () => {
  const payload = {
    errors: [],
    data: { expires_in: 5 },
    action: "auth.expiring",
    response_status: 200,
    request_id: null,
  };
  const notice = (codec = dcrf()) => written(codec.notify?.("auth.expiring", { expiresIn: 5 }));
  expect(notice()).toEqual(payload);
  expect(notice(dcrf({ multiplex: true }))).toEqual({ stream: null, payload });
});

test("dcrf() spells the seconds of a renewal as its events do", () => {
  const codec = dcrf();
  const data = (frame: unknown) => JSON.parse(String(frame)).data;
  const head = { status: 200, action: "renew" };
  expect(data(codec.notify?.("auth.expiring", { expiresIn: 5 }))).toEqual({ expires_in: 5 });
  expect(data(codec.reply({ action: "renew" }, { expiresIn: 5 }, { ...head, isRenewal: true }))).toEqual({
    expires_in: 5,
  });
  expect(data(codec.reply({ action: "renew" }, { expiresIn: 5 }, head))).toEqual({ expiresIn: 5 });
});
