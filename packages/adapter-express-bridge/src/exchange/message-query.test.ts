import express, { type RequestHandler } from "express";
import express4 from "express4";
import fc from "fast-check";
import Koa from "koa";
import { expect, test } from "vitest";
import { askAction, at, seen } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { fromKoa } from "../koa.js";

test.each([
  ["/ws?room=lobby", { room: "secret" }],
  ["/ws?room=lobby", { room: ["lobby"] }],
  ["/ws?room=a&room=b", { room: "a" }],
  ["/ws?room=", { room: "secret" }],
  ["/ws?room=lobby#x", { room: "lobby#x" }],
  ["/ws?room%5Bid%5D=1", { room: { id: "1" } }],
  ["/ws?n=1", { n: null }],
  ["/ws?tag[]=a", { tag: ["a"] }],
])("%s beside the message %j is refused before the chain", async (url, payload) => {
  const { request, decision } = await seen({}, { ...at({}, url), payload });
  expect(request).toBeUndefined();
  expect(decision).toMatchObject({ outcome: "error", code: "invalid_input", status: 400 });
});

test.each([
  ["/ws?room=lobby", { room: "lobby" }],
  ["/ws?n=1&is=true", { n: 1, is: true }],
  ["/ws?tag=a&tag=b", { tag: ["a", "b"] }],
  ["/ws?token=1", { room: "secret" }],
])("%s beside the message %j is asked", async (url, payload) => {
  expect((await seen({}, { ...at({}, url), payload })).decision.outcome).toBe("allow");
});

test("A template's own query is compared too", async () => {
  const { decision } = await seen({ url: "/x?mode=safe" }, { payload: { mode: "raw" } });
  expect(decision).toMatchObject({ outcome: "error", status: 400 });
});

test.each([
  ["query", { query: () => ({ room: "lobby" }) }],
  ["url", { url: () => "/x?room=lobby" }],
])("The option `%s` says what the query is", async (_option, options) => {
  const { request } = await seen(options, { ...at({}, "/ws?room=lobby"), payload: { room: "secret" } });
  expect({ ...request.query }).toEqual({ room: "lobby" });
});

test("A message at connect is not compared", async () => {
  const { decision } = await seen({}, { ...at({}, "/ws?room=lobby"), payload: { room: "secret" } }, "connect");
  expect(decision.outcome).toBe("allow");
});

test("A GET brings its message as the query", async () => {
  const payload = { q: "a b&c", deleted: true, n: 1, tags: ["x", "y"], none: null, nested: { a: 1 } };
  const { request } = await seen({}, { ...at({}, "/ws?token=t&n=1"), action: "list", payload });
  expect({ ...request.query }).toEqual({ token: "t", n: "1", q: "a b&c", deleted: "true", tags: ["x", "y"] });
});

test("A POST brings its message as the body alone", async () => {
  const { request } = await seen({}, { action: "create", payload: { deleted: true } });
  expect(request.url).toBe("/");
});

test("A template's parts are not in the query again", async () => {
  const { request } = await seen({ url: "/rooms/:id?a=1" }, { action: "list", payload: { id: 7, b: 2 } });
  expect(request.url).toBe("/rooms/7?a=1&b=2");
});

const app = express();

test("A name with a bracket is no part of another", async () => {
  const own = express();
  own.set("query parser", "extended");
  const payload = { room: "secret", "room[]": "lobby" };
  const { request } = await seen({ app: own }, { action: "list", payload });
  expect(request.query.room).toBe("secret");
});

test("A GET of more fields than a parser reads is refused", async () => {
  const filler = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, 1]));
  const ask = (payload: object) => seen({}, { ...at({}, "/?own=1"), action: "list", payload: payload as never });
  expect((await ask({ ...filler(998), last: true })).request.query.last).toBe("true");
  expect((await ask({ ...filler(999), last: true })).decision).toMatchObject({ outcome: "error", status: 400 });
  expect((await ask({ list: Array(1000).fill("x") })).decision).toMatchObject({ outcome: "error", status: 400 });
});

test("Names of a handshake of socket.io are a message's own", async () => {
  const { scope } = at({}, "/socket.io/?EIO=4&transport=polling&t=abc&room=lobby");
  const asked = { action: "list", scope: Object.assign(scope as object, { transport: "socket.io" }) as never };
  const { request } = await seen({}, { ...asked, payload: { t: 1, transport: "bus" } });
  expect({ ...request.query }).toEqual({ EIO: "4", room: "lobby", t: "1", transport: "bus" });
  expect((await seen({}, { ...asked, payload: { room: "secret" } })).decision.status).toBe(400);
});

test("A guard of an optional filter judges the message", async () => {
  const guard: RequestHandler = ({ query }, response, next) =>
    query.includeDeleted ? void response.status(403).json({ message: "Admins only." }) : next();
  const rule = fromExpress(guard, { app });
  expect((await askAction(rule, { action: "list" })).outcome).toBe("allow");
  for (const includeDeleted of [true, "1", 1, ["1"]]) {
    expect((await askAction(rule, { action: "list", payload: { includeDeleted } })).status).toBe(403);
  }
});

const readX: RequestHandler = ({ query }, response, next) => (query.x ? void response.sendStatus(403) : next());

test.each([
  ["Express 5", () => fromExpress(readX, { app })],
  ["Express 4", () => fromExpress(readX, { app: express4() })],
  ["Koa", () => fromKoa(({ query }, next) => (query.x ? undefined : next()), { app: new Koa() })],
])("A guard of %s that reads what no query holds is refused", async (_framework, make) => {
  const ask = (payload: object) => askAction(make(), { action: "list", payload: payload as never });
  for (const x of [{ a: 1 }, null, [{ a: 1 }], [["a"]]]) {
    expect(await ask({ x })).toMatchObject({ outcome: "error", status: 400 });
    expect((await ask({ y: x })).outcome).toBe("allow");
  }
});

test("No value of the query differs from that of the handler", async () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 2 }));
  const fields = fc.dictionary(fc.constantFrom("a", "b", "a[]", "a[b]", "__proto__"), value, { maxKeys: 3 });
  const text = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("", "1", "true", "x#y", "x"));
  await fc.assert(
    fc.asyncProperty(text, fields, fc.constantFrom("list", "create"), async (query, payload, action) => {
      const url = `/ws?${new URLSearchParams(query)}`;
      const { request, decision } = await seen({}, { ...at({}, url), action, payload });
      if (decision.outcome !== "allow") return;
      for (const [name, read] of Object.entries(request.query)) {
        if (!Object.hasOwn(payload, name)) continue;
        const sent = payload[name];
        const texts = (given: unknown) => [given].flat().map(String);
        expect(texts(read)).toEqual(texts(sent));
      }
    }),
    { numRuns: 200 },
  );
});
