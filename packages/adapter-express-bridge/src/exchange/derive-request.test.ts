import { PermissionMisuse } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { askAction, askConnect, at, handshake, scopeOf, seen } from "../../test/support.js";
import { dcrfMethods, fromExpress } from "../index.js";

const app = express();

describe("the method", () => {
  test.each([
    ["list", "GET"],
    ["retrieve", "GET"],
    ["create", "POST"],
    ["update", "PUT"],
    ["patch", "PATCH"],
    ["partial_update", "PATCH"],
    ["delete", "DELETE"],
    ["destroy", "DELETE"],
    ["chat.send", "POST"],
    ["options", "POST"],
    ["head", "POST"],
    ["get", "POST"],
    ["purge", "POST"],
    ["connect", "POST"],
    ["constructor", "POST"],
    ["__proto__", "POST"],
  ])("of the action %s is %s", async (action, method) => {
    expect((await seen({}, { action })).request.method).toBe(method);
  });

  test("at connect is GET", async () => {
    expect((await seen({}, {}, "connect")).request.method).toBe("GET");
  });

  test("is what `methods` says, and all else stays", async () => {
    const methods = { "chat.send": "PUT", connect: "HEAD" };
    expect((await seen({ methods }, { action: "chat.send" })).request.method).toBe("PUT");
    expect((await seen({ methods }, { action: "list" })).request.method).toBe("GET");
    expect((await seen({ methods }, { action: "connect" })).request.method).toBe("POST");
    expect((await seen({ methods }, {}, "connect")).request.method).toBe("HEAD");
  });

  test("follows the DCRF map, but is never made of a name", async () => {
    const methods = dcrfMethods;
    expect((await seen({ methods }, { action: "create" })).request.method).toBe("PUT");
    expect((await seen({ methods }, { action: "update" })).request.method).toBe("PATCH");
    expect((await seen({ methods }, { action: "purge" })).request.method).toBe("POST");
    expect((await seen({ methods }, {}, "connect")).request.method).toBe("HEAD");
  });
});

describe("the url", () => {
  test("is that of the handshake, with its query", async () => {
    const { request } = await seen({}, at({}, "/chat?room=lobby&tag=a&tag=b"));
    expect([request.url, request.originalUrl, request.path, request.baseUrl]).toEqual([
      "/chat?room=lobby&tag=a&tag=b",
      "/chat?room=lobby&tag=a&tag=b",
      "/chat",
      "",
    ]);
    expect({ ...request.query }).toEqual({ room: "lobby", tag: ["a", "b"] });
  });

  test("of Express 4 has a query too", async () => {
    const own = express4();
    own.set("query parser", "extended");
    const { request } = await seen({ app: own }, at({}, "/?a[b]=1"));
    expect(request.query).toEqual({ a: { b: "1" } });
  });

  test.each([
    ["/p", {}],
    ["/p?", {}],
    ["/p?a=b?c&d=?", { a: "b?c", d: "?" }],
  ])("of Express 4 starts at the first question mark: %s", async (url, query) => {
    expect({ ...(await seen({ app: express4() }, at({}, url))).request.query }).toEqual(query);
  });

  test("of Express 4 is empty without a query parser", async () => {
    const own = express4();
    own.set("query parser", false);
    const { request, decision } = await seen({ app: own }, at({}, "/?a=1"));
    expect([decision.outcome, request.query]).toEqual(["allow", {}]);
  });

  test("is filled from the payload, each part encoded", async () => {
    const url = "/rooms/:room/messages/:id?sort=:sort";
    const payload = { room: "a/../b c?d#e", id: 7, sort: "x&admin=1" };
    const { request } = await seen({ url }, { payload });
    expect(request.url).toBe("/rooms/a%2F..%2Fb%20c%3Fd%23e/messages/7?sort=x%26admin%3D1");
    expect({ ...request.query }).toEqual({ sort: "x&admin=1" });
  });

  test.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["null", null],
    ["an object", { toString: "x" }],
    ["a list", ["x"]],
    ["a dot", "."],
    ["two dots", ".."],
    ["half a character", "\ud800"],
    ["no number", Number.NaN],
  ])("with %s as a part is refused before any middleware", async (_what, id) => {
    const { request, decision } = await seen({ url: "/orders/:id" }, { payload: { id } });
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code: "invalid_input", status: 400 });
  });

  test("never takes a part from a prototype", async () => {
    expect((await seen({ url: "/:constructor" })).decision).toMatchObject({ status: 400 });
  });

  test("may be made by functions", async () => {
    const { request } = await seen(
      { url: ({ action }) => `/do/${action}?x=1`, query: () => ({ a: 1, b: ["x", "y"], c: undefined, d: [] }) },
      { action: "go" },
    );
    expect(request.url).toBe("/do/go?a=1&b=x&b=y");
  });

  test("keeps nothing of its query where `query` finds none", async () => {
    expect((await seen({ query: () => ({}) }, at({}, "/p?a=1"))).request.url).toBe("/p");
  });

  test.each([
    [{}, "/"],
    [{ path: "/p" }, "/p"],
    [{ query: { a: "1" } }, "/?a=1"],
  ])("of a scope without a handshake (%j) is %s", async (scope, url) => {
    expect((await seen({}, { scope: { user: null, headers: {}, ...scope } as never })).request.url).toBe(url);
  });

  test("is filled from `params`, which are all texts", async () => {
    const params = () => ({ id: 7n, isOpen: true, none: undefined, list: ["x"], infinite: Number.POSITIVE_INFINITY });
    const { request } = await seen({ url: "/orders/:id/:isOpen", params });
    expect([request.url, Object.entries(request.params)]).toEqual([
      "/orders/7/true",
      [
        ["id", "7"],
        ["isOpen", "true"],
      ],
    ]);
  });

  test.each([
    ["no slash", 500],
    ["//\r\nX: 1", 400],
    ["/a b", 400],
    ["/x/a?x=1#f", 400],
    [7, 500],
    [undefined, 500],
  ])("that a function makes wrongly (%j) is a fault %i", async (url, status) => {
    const { request, decision } = await seen({ url: () => url as never });
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", status });
  });

  test.each([
    ["docs/a b.txt", "/files/docs/a%20b.txt"],
    [["docs", "a/b"], "/files/docs/a%2Fb"],
  ])("fills a wildcard from %j", async (path, url) => {
    expect((await seen({ url: "/files/*path" }, { payload: { path } })).request.url).toBe(url);
  });

  test.each([[""], ["a//b"], ["../x"], [["a", ".."]], [[]], [[1]], [7], [undefined]])(
    "refuses the wildcard %j",
    async (path) => {
      const { request, decision } = await seen({ url: "/files/*path" }, { payload: { path } });
      expect(request).toBeUndefined();
      expect(decision).toMatchObject({ outcome: "error", status: 400 });
    },
  );

  test.each([
    "/x/(.*)",
    "/x/*",
    "/x/:id*",
    "/x/:id+",
    "/x/:id?",
    "/x/:id?/y",
    "/x/[a-z]",
    "/x/:id(\\d+)",
    "/x{/:id}",
    "/x!",
  ])("refuses the pattern %s when built", (url) => {
    expect(() => fromExpress(() => {}, { app, url })).toThrow(PermissionMisuse);
  });

  test.each([
    "/x/:id?sort=:sort",
    "/x/:id?f[a]=1",
    "/x/:id?f[name]=1",
    "/x/:id?f[]=1",
    "/x/:id?flag",
    "/x/:id?a=*&b=(1)",
  ])("takes the query of %s", (url) => {
    expect(() => fromExpress(() => {}, { app, url })).not.toThrow();
  });
});

describe("params", () => {
  test("are the texts, numbers and booleans of the payload, as texts", async () => {
    const { request, decision } = await seen(
      {},
      { payload: { id: 7, name: "x", isOn: true, list: [1], none: null, o: {} } },
    );
    expect({ ...request.params }).toEqual({ id: "7", name: "x", isOn: "true" });
    expect(Object.getPrototypeOf(request.params)).toBeNull();
    expect(decision.evidence).toMatchObject({ params: { id: "7" } });
  });
  test("and what fills the url may be chosen", async () => {
    const { request } = await seen(
      { url: "/orders/:id", params: () => ({ id: "mine" }) },
      { payload: { id: "other" } },
    );
    expect([request.url, { ...request.params }]).toEqual(["/orders/mine", { id: "mine" }]);
  });
});

describe("the body", () => {
  test("is a copy of the payload", async () => {
    const payload = { room: { id: 1 } };
    const change: RequestHandler = (request, _response, next) => {
      request.body.room.id = 2;
      request.body.isAdmin = true;
      next();
    };
    await askAction(fromExpress(change, { app }), { payload });
    expect(payload).toEqual({ room: { id: 1 } });
  });

  test("is what `body` returns, where that is given", async () => {
    const { request } = await seen({ body: ({ action }) => ({ action }) }, { action: "go", payload: { a: 1 } });
    expect([request.body, request.headers["content-length"]]).toEqual([{ action: "go" }, "15"]);
  });

  test.each([undefined, null])("is always there (%s)", async (value) => {
    const { request } = await seen({ body: () => value });
    expect(request.body).toEqual({});
    expect(request.headers["content-length"]).toBe("2");
    expect((await seen({}, {}, "connect")).request.body).toEqual({});
  });

  test("can be read as a stream, once more", async () => {
    const parse = express.json();
    const bodies: unknown[] = [];
    const look: RequestHandler = (request, _response, next) => {
      bodies.push(request.body);
      next();
    };
    await askAction(fromExpress([look, parse, look], { app }), { payload: { a: 1 } });
    expect(bodies).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test("keeps the keys of prototypes as data", async () => {
    const payload = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}');
    const { request } = await seen({}, { payload });
    expect(request.body.isAdmin).toBeUndefined();
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  test.each([
    [
      "circular",
      () =>
        Object.assign(Object.create(null), {
          get self() {
            return this;
          },
        }),
    ],
    ["a bigint", () => ({ big: 1n })],
    ["a function", () => ({ toJSON: () => undefined })],
  ])("that is no JSON is refused: %s", async (_what, make) => {
    const { request, decision } = await seen({}, { payload: make() });
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code: "invalid_input", status: 400 });
  });

  test("that is too deep is refused", async () => {
    const payload = JSON.parse(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`);
    const { request, decision } = await seen({}, { payload });
    expect(request).toBeUndefined();
    // A newer V8 serializes any depth. The refusal then depends on the size.
    expect(["invalid_input", "payload_too_large"]).toContain(decision.code);
    expect(decision.outcome).toBe("error");
  });

  test("of a megabyte is refused unless `maxBody` allows it", async () => {
    const payload = { text: "x".repeat(1_000_000) };
    const { request, decision } = await seen({}, { payload });
    expect(request).toBeUndefined();
    expect(decision).toMatchObject({ outcome: "error", code: "payload_too_large", status: 413 });
    expect((await seen({ maxBody: 2_000_000 }, { payload })).request.body).toEqual(payload);
  });

  test("is measured in bytes", async () => {
    const payload = { text: "é".repeat(40) };
    expect((await seen({ maxBody: 91 }, { payload })).decision.outcome).toBe("allow");
    expect((await seen({ maxBody: 90 }, { payload })).decision.status).toBe(413);
  });
});

describe("headers", () => {
  test("are those of the handshake, without connection and method headers", async () => {
    const { request } = await seen(
      {},
      at({
        cookie: "a=1",
        authorization: "Bearer x",
        "sec-websocket-protocol": "v1",
        "sec-websocket-key": "k",
        "sec-websocket-version": "13",
        "sec-websocket-extensions": "permessage-deflate",
        "content-type": "text/plain",
        "content-length": "9",
        "content-encoding": "gzip",
        "transfer-encoding": "chunked",
        expect: "100-continue",
        "x-http-method-override": "GET",
        "x-http-method": "GET",
        "x-method-override": "GET",
      }),
    );
    expect(request.headers).toEqual({
      host: "app.example",
      cookie: "a=1",
      authorization: "Bearer x",
      "sec-websocket-protocol": "v1",
      "content-type": "application/json",
      "content-length": "2",
    });
    expect(request.get("Authorization")).toBe("Bearer x");
    expect(request.rawHeaders).toContain("authorization");
  });

  test("with similar names are kept, and empty ones are omitted", async () => {
    const kept = { tenant: "a", "x-quote": "b", "my-content-type": "c", upgrades: "d" };
    const { request } = await seen({}, at({ ...kept, none: undefined as never }));
    const own = { host: "app.example", "content-type": "application/json", "content-length": "2" };
    expect(Object.entries(request.headers).sort()).toEqual(Object.entries({ ...own, ...kept }).sort());
  });

  test("may be added from the scope", async () => {
    const headers = ({ query }: { query: Record<string, unknown> }) => ({
      Authorization: `Bearer ${query.token}`,
      "x-none": undefined,
    });
    const scope = scopeOf(handshake(), { query: { token: "t" } });
    const { request } = await seen({ headers: headers as never }, { scope });
    expect(request.headers).toMatchObject({ authorization: "Bearer t" });
    expect(request.headers).not.toHaveProperty("x-none");
  });

  test.each(["a\r\nX-Injected: yes", "a\nb", "a\0", "snow ☃"])(
    "with what ends a line are refused (%j)",
    async (token) => {
      const { request, decision } = await seen({ headers: () => ({ authorization: token }) });
      expect(request).toBeUndefined();
      expect(decision).toMatchObject({ outcome: "error", code: "invalid_input", status: 400 });
    },
  );

  test.each([{ "Content-Length": "0" }, { "X-HTTP-Method-Override": "GET" }, { upgrade: "x" }, { a: 7 }])(
    "that are not for `headers` are a fault (%j)",
    async (headers) => {
      expect((await seen({ headers: () => headers as never })).decision).toMatchObject({
        outcome: "error",
        status: 500,
      });
    },
  );

  test("lose the cookie that was deleted at connect", async () => {
    const question = at({ cookie: "a=1" });
    const forget: RequestHandler = (_request, response, next) => next(void response.clearCookie("a"));
    await askConnect(fromExpress(forget, { app }), question);
    const { headers, rawHeaders } = (await seen({}, question)).request;
    expect(Object.keys(headers)).not.toContain("cookie");
    expect(rawHeaders).not.toContain("cookie");
  });

  test("are never set by the payload", async () => {
    const { request } = await seen(
      {},
      { payload: { headers: { authorization: "Bearer x" }, authorization: "Bearer x" } },
    );
    expect(request.headers.authorization).toBeUndefined();
  });
});
