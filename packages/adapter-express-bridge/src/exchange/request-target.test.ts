import { expect, test } from "vitest";
import { at, handshake, nobody, type Question, scopeOf, seen } from "../../test/support.js";
import type { FromExpressOptions } from "../index.js";
import { checkQuery, queryOfPayload, withoutEngine } from "./message-query.js";
import { deriveTarget } from "./request-target.js";

/** A question of a socket.io connection. */
const socketio = (url: string): Question => ({ scope: scopeOf(handshake({}, url), { transport: "socket.io" }) });

test.each<[string, FromExpressOptions, Question, string | undefined]>([
  ["a GET without fields keeps it", {}, { ...at({}, "/ws"), action: "list" }, "/ws"],
  ["a GET without fields keeps its query", {}, { ...at({}, "/ws?a=1&"), action: "list" }, "/ws?a=1&"],
  [
    "a GET adds fields before a fragment",
    {},
    { ...at({}, "/a?b=1#c?d"), action: "list", payload: { e: 2 } },
    "/a?b=1&e=2#c?d",
  ],
  ["a GET keeps an empty fragment", {}, { ...at({}, "/a#"), action: "list", payload: { e: 2 } }, "/a?e=2#"],
  ["a HEAD adds fields as a GET does", { methods: { list: "HEAD" } }, { action: "list", payload: { e: 2 } }, "/?e=2"],
  ["a path that is a field's name is no query", {}, { ...at({}, "/ws"), payload: { "/ws": 1 } }, "/ws"],
  ["a question mark of a fragment begins no query", {}, { ...at({}, "/ws#b?a=1"), payload: { a: 2 } }, "/ws#b?a=1"],
  ["a fragment belongs to no value", {}, { ...at({}, "/ws?a=1#x"), payload: { a: 1 } }, "/ws?a=1#x"],
  ["a value may have a question mark", {}, { ...at({}, "/ws?a=1?b=2"), payload: { a: "1?b=2", b: 3 } }, "/ws?a=1?b=2"],
  [
    "params beside a template leave the query to the payload",
    { url: "/o/:id", params: () => ({ id: 1 }) },
    { action: "list", payload: { id: 2 } },
    "/o/1?id=2",
  ],
  [
    "socket.io drops names of engine.io",
    {},
    { ...socketio("/io/?EIO=4&t=1&a=2"), payload: { t: 3 } },
    "/io/?EIO=4&a=2",
  ],
  ["socket.io keeps all of a template", { url: "/o?t=1" }, { ...socketio("/io/"), payload: { t: 2 } }, undefined],
  ["another transport drops nothing", {}, { ...at({}, "/ws?t=1"), payload: { t: 2 } }, undefined],
])("the url of a message: %s", async (_what, options, question, url) => {
  const { request, decision } = await seen(options, question);
  expect([request?.url, decision.status]).toEqual([url, url === undefined ? 400 : 200]);
});

test.each([
  ["/ws", {}, "/ws"],
  ["/ws?", {}, "/ws?"],
  ["/ws#a", { t: 1 }, "/ws#a"],
  ["/ws?EIO=4&&t=1#a", {}, "/ws?EIO=4&&t=1#a"],
  [
    "/ws?EIO=1&transport=2&sid=3&t=4&b64=5&j=6&a=7",
    { EIO: 0, transport: 0, sid: 0, t: 0, b64: 0, j: 0, a: 0 },
    "/ws?a=7",
  ],
  ["/ws?EIO=4&&t=1&a=t", { EIO: 1, t: 1, a: 1 }, "/ws?&a=t"],
])("engine.io parameters leave %s with the fields %j", (url, payload, left) => {
  expect(withoutEngine(url, payload)).toBe(left);
});

test("a query made of fields holds exactly those it can", () => {
  const payload = { text: "a", list: ["a", 1, true], mixed: ["a", {}], none: undefined, taken: "b", there: "c" };
  const { fields, unfit } = queryOfPayload("/?there=c", payload, new Set(["taken"]));
  expect([{ ...fields }, unfit]).toEqual([{ text: "a", list: ["a", 1, true] }, ["mixed"]]);
});

test("a query of too many fields is refused with a reason", () => {
  const make = () => queryOfPayload("/", { list: Array(1001).fill("x") }, new Set());
  expect(make).toThrow(expect.objectContaining({ code: "invalid_input", status: 400, message: "Too many fields." }));
});

test("a query that contradicts its message is refused with a reason", () => {
  const name = "n".repeat(50);
  const reason = `\`${"n".repeat(40)}\` is in the query and in the message, with different values.`;
  const make = () => checkQuery(`/?${name}=1`, { [name]: 2 });
  expect(make).toThrow(expect.objectContaining({ code: "invalid_input", status: 400, message: reason }));
});

test.each([
  ["action", "POST"],
  ["action", "GET"],
  ["connect", "GET"],
])("a query that needs no field refuses none (%s, %s)", (phase, method) => {
  const context = { phase, scope: scopeOf(), payload: {}, consumer: nobody, action: "a" } as never;
  const settings = { methodOf: () => method, urlOf: undefined, maxBody: 1 };
  const target = deriveTarget(settings, { context, input: {}, handshake: handshake(), method });
  expect(target).toEqual({ url: "/", unfit: [] });
});
