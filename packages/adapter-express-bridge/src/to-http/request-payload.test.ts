import type { IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import express, { type Request, type Response } from "express";
import express4 from "express4";
import fc from "fast-check";
import Koa from "koa";
import Koa2 from "koa2";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Asking, listen, send, stopAll } from "../../test/support.js";
import { toExpress } from "../index.js";
import { toKoa } from "../koa.js";
import { payloadOf } from "./request-payload.js";

afterEach(stopAll);

type Fields = Readonly<Record<string, unknown>>;

/** The payload of a rule, and the values that the handler of the same request could read. */
interface Seen {
  rule: Fields | undefined;
  handler: { readonly query: Fields; readonly body: Fields; readonly params: Fields } | undefined;
}

const seen: Seen = { rule: undefined, handler: undefined };
const policy = definePolicy({
  actions: {
    look: permission("look", ({ payload }) => {
      seen.rule = payload;
      return true;
    }),
    lobby: permission("lobby", ({ payload }) => payload.room === "lobby"),
  },
});

const expressServer = (framework: typeof express) => async (action: string) => {
  const app = framework();
  app.use(framework.json());
  const handle = ({ query, body, params }: Request, response: Response) => {
    seen.handler = { query, body: body ?? {}, params };
    response.end();
  };
  app.all(["/rooms", "/rooms/:room"], toExpress(policy, action), handle);
  return (await listen(app)).port;
};
const koaServer = (Framework: typeof Koa) => async (action: string) => {
  const app = new Framework();
  // koa-bodyparser is not used, because it refuses `__proto__` before any rule is evaluated.
  app.use(async (context: Koa.Context, next: Koa.Next) => {
    let text = "";
    for await (const chunk of context.req) text += chunk;
    Object.assign(context.request, { body: text === "" ? {} : JSON.parse(text) });
    return next();
  });
  app.use((context: Koa.Context, next: Koa.Next) => {
    const [, , room] = context.path.split("/");
    context.params = room === undefined ? {} : { room: decodeURIComponent(room) };
    return next();
  });
  app.use(toKoa(policy, action) as never);
  app.use((context: Koa.Context) => {
    const { body = {} } = context.request as { body?: Fields };
    seen.handler = { query: context.query, body, params: context.params };
    context.body = "done";
  });
  return (await listen(app.callback())).port;
};

const NAMES = ["room", "id", "__proto__", "constructor", "toString"];
const value = fc.oneof(
  fc.constantFrom<unknown>("5", 5, "lobby", "board", true, "true", null, "null", ""),
  fc.constantFrom<unknown>(["a", "b"], ["5"], [5], [["a"]], { a: 1 }, { a: "1" }, { a: { b: [] } }, [], {}),
);
const fields = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), value), { selector: ([name]) => name, maxLength: 3 })
  .map((entries) => Object.fromEntries(entries.map(([name, one]) => [`own:${name}`, one])));
/** Keys are unwrapped in the text only, so that `__proto__` is an own key in every place. */
const jsonOf = (body: Fields) => JSON.stringify(body).replaceAll('"own:', '"');
const query = fc.array(
  fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom("5", "lobby", "board", "true", "null", "a", "b", "")),
  { maxLength: 3 },
);
const asked = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
  query,
  body: fields,
  room: fc.option(fc.constantFrom("5", "lobby", "board"), { nil: undefined }),
});

/** A value as its text. Numbers and booleans have the text of a URL. */
const textOf = (one: unknown) =>
  JSON.stringify(one, (_key, inner) => (["number", "boolean"].includes(typeof inner) ? String(inner) : inner));

/** The values of every name in all places of a request, as texts. */
function readings({ query: q, body, params }: NonNullable<Seen["handler"]>, hasBody: boolean) {
  const all = new Map<string, Set<string>>();
  for (const place of [q, hasBody ? body : {}, params]) {
    for (const [name, one] of Object.entries(place)) {
      // Express 4 has a name even for a missing part of the path.
      if (one !== undefined) all.set(name, (all.get(name) ?? new Set()).add(textOf(one)));
    }
  }
  return all;
}

/** Sends a body with a known text. */
async function ask(port: number, { method, path = "/", body }: Asking): Promise<{ status: number; body: string }> {
  const text = String(body);
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
  return send(port, { method: method as string, path, headers, body: { toJSON: () => JSON.parse(text) } });
}

describe.each([
  ["Express 5", expressServer(express)],
  ["Express 4", expressServer(express4 as never)],
  ["Koa 3", koaServer(Koa)],
  ["Koa 2", koaServer(Koa2 as never)],
])("a request to %s", (_name, serve) => {
  test("is decided by what its handler reads, in whatever place", async () => {
    const port = await serve("look");
    await fc.assert(
      fc.asyncProperty(asked, async ({ method, query: pairs, body, room }) => {
        seen.rule = seen.handler = undefined;
        const path = `/rooms${room === undefined ? "" : `/${room}`}?${new URLSearchParams(pairs)}`;
        const { status, body: said } = await ask(port, { method, path, body: jsonOf(body) });
        if (status === 400) {
          expect([seen.rule, seen.handler]).toEqual([undefined, undefined]);
          if (method !== "HEAD") expect(JSON.parse(said)).toMatchObject({ code: "invalid_input" });
          return;
        }
        expect(status).toBe(200);
        const { rule, handler } = seen as Required<{ [K in keyof Seen]: NonNullable<Seen[K]> }>;
        const found = readings(handler, method !== "GET" && method !== "HEAD");
        expect(Object.keys(rule).sort()).toEqual([...found.keys()].sort());
        for (const [name, texts] of found) expect([name, [...texts]]).toEqual([name, [textOf(rule[name])]]);
      }),
      { numRuns: 150 },
    );
  });

  test("to GET or HEAD has no body that counts", async () => {
    const port = await serve("lobby");
    for (const method of ["GET", "HEAD"]) {
      const from = async (path: string) => (await ask(port, { method, path, body: '{"room":"lobby"}' })).status;
      expect([method, await from("/rooms?room=board"), await from("/rooms")]).toEqual([method, 403, 403]);
      expect([method, await from("/rooms?room=lobby")]).toEqual([method, 200]);
    }
  });

  test.each([
    ["/rooms/5", '{"room":5}', 200],
    ["/rooms?room=true", '{"room":true}', 200],
    ["/rooms?room=a&room=b", '{"room":["a","b"]}', 200],
    ["/rooms/lobby?room=lobby", '{"room":"lobby"}', 200],
    ["/rooms/lobby", '{"room":"board"}', 400],
    ["/rooms/lobby?room=board", "{}", 400],
    ["/rooms?room=board", '{"room":"lobby"}', 400],
    ["/rooms/5", '{"room":[5]}', 400],
    ["/rooms/5", '{"room":{"toString":5}}', 400],
    ["/rooms?room=null", '{"room":null}', 400],
    ["/rooms?room=a&room=b", '{"room":["b","a"]}', 400],
    ["/rooms?room=05", '{"room":5}', 400],
  ])("by POST %s with %s is answered %i", async (path, body, status) => {
    const answered = await ask(await serve("look"), { method: "POST", path, body });
    expect(answered.status).toBe(status);
    if (status !== 400) return;
    expect(JSON.parse(answered.body)).toMatchObject({
      code: "invalid_input",
      detail: "`room` is there more than once, with different values.",
    });
  });

  test("with a name of Object.prototype is refused where its places differ", async () => {
    const port = await serve("look");
    const body = '{"__proto__":"b","constructor":"c"}';
    expect((await ask(port, { method: "POST", path: "/rooms", body })).status).toBe(200);
    expect(Object.entries(seen.rule as object)).toEqual([
      ["__proto__", "b"],
      ["constructor", "c"],
    ]);
    expect((await ask(port, { method: "POST", path: "/rooms?constructor=a", body })).status).toBe(400);
  });
});

type Parser = "json" | "text" | "none" | "behind";

/** Routes whose rule refuses a secret room, with a parser in front, behind, or none. */
const ROUTES: [string, (parser: Parser, options?: object) => Promise<number>][] = [
  ...([express, express4 as unknown as typeof express] as const).map((framework, index): (typeof ROUTES)[number] => [
    `Express ${5 - index}`,
    async (parser, options = {}) => {
      const app = framework();
      const json = framework.json({ strict: false });
      if (parser === "json") app.use(json);
      if (parser === "text") app.use(framework.text({ type: "*/*" }));
      app.use(
        toExpress(policy, "lobby", options),
        json,
        (request, response) => void response.json(request.body ?? null),
      );
      return (await listen(app)).port;
    },
  ]),
  ...([Koa, Koa2 as unknown as typeof Koa] as const).map((Framework, index): (typeof ROUTES)[number] => [
    `Koa ${3 - index}`,
    async (parser, options = {}) => {
      const app = new Framework();
      const read = async (context: Koa.Context, next: Koa.Next) => {
        let text = "";
        if (context.request.headers["content-type"] !== "application/json" && parser !== "text") return next();
        for await (const chunk of context.req) text += chunk;
        Object.assign(context.request, { body: parser === "text" ? text : JSON.parse(text || "{}") });
        return next();
      };
      if (parser === "json" || parser === "text") app.use(read);
      app.use(toKoa(policy, "lobby", options) as never);
      if (parser === "behind") app.use(read);
      app.use((context: Koa.Context) => {
        context.body = (context.request as { body?: object }).body ?? {};
      });
      return (await listen(app.callback())).port;
    },
  ]),
];

describe.each(ROUTES)("a body in front of %s", (_framework, route) => {
  const lobby = { method: "POST", body: { room: "lobby" } };
  afterEach(() => vi.restoreAllMocks());

  test("that nobody has read is refused with 415", async () => {
    const onDecision = vi.fn();
    const chunked = { ...lobby, headers: { "transfer-encoding": "chunked" } };
    for (const parser of ["behind", "none"] as const) {
      const port = await route(parser, { onDecision });
      for (const asking of [lobby, { ...lobby, method: "DELETE" }]) expect((await send(port, asking)).status).toBe(415);
    }
    const port = await route("json", { onDecision });
    expect((await send(port, { ...chunked, headers: { "content-type": "text/plain" } })).status).toBe(415);
    for (const [{ error }] of onDecision.mock.calls) {
      expect(error.cause).toBeInstanceOf(PermissionMisuse);
      expect(error.cause.message).toContain("put the parser of its type in front");
    }
    expect(onDecision).toHaveBeenCalledTimes(5);
  });

  test("that nobody has read is told once in the logs", async () => {
    const printed = vi.spyOn(console, "error").mockReturnValue();
    const port = await route("none");
    for (let count = 0; count < 3; count++) await send(port, lobby);
    expect(printed).toHaveBeenCalledTimes(1);
    expect(inspect(printed.mock.calls, { depth: null })).toContain("{ payload: () => ({}) }");
  });

  test("that is not looked at needs no parser in front", async () => {
    const port = await route("none", { payload: () => ({ room: "lobby" }) });
    expect((await send(port, lobby)).status).toBe(200);
  });

  test("that is not there needs no parser", async () => {
    for (const parser of ["none", "json"] as const) {
      const port = await route(parser);
      for (const method of ["GET", "POST"]) {
        const asking = { method, path: "/?room=lobby", headers: { "content-length": "0" } };
        expect((await send(port, asking)).status).toBe(200);
      }
    }
  });

  test("that has no fields is refused", async () => {
    const onDecision = vi.fn();
    const asks: [Parser, unknown][] = [
      ["json", [{ room: "secret" }]],
      ["json", 7],
      ["text", { room: "secret" }],
    ];
    for (const [parser, body] of asks) {
      const answered = await send(await route(parser, { onDecision }), { method: "POST", path: "/?room=lobby", body });
      expect([answered.status, JSON.parse(answered.body).code]).toEqual([400, "invalid_input"]);
    }
    expect((await send(await route("json"), lobby)).status).toBe(200);
  });
});

describe("the payload of a request", () => {
  const post = (query: unknown, body: unknown, params: unknown = {}) =>
    payloadOf({ method: "POST", query, body, params }, { headers: {} } as IncomingMessage);

  test("leaves out a part of the path that is not there", () => {
    expect({ ...post({ room: "lobby" }, {}, { room: undefined }) }).toEqual({ room: "lobby" });
  });

  test("has no field of a body without a method", () => {
    const parts = { method: undefined, query: { a: 1 }, body: ["b"], params: {} };
    expect({ ...payloadOf(parts, { headers: { "content-length": "5" } } as never) }).toEqual({ a: 1 });
  });

  const chunked = { "transfer-encoding": "chunked" };
  const sized = (length: string) => ({ "content-length": length });
  test.each<[string, object, unknown, boolean, unknown]>([
    ["no body", {}, undefined, false, {}],
    ["an empty body", sized("0"), undefined, false, {}],
    ["an empty body of another spelling", sized("00"), undefined, false, {}],
    ["a body that is not parsed", sized("5"), undefined, true, 415],
    ["a chunked body that is not parsed", chunked, undefined, false, 415],
    ["a chunked body without a length", { ...chunked, ...sized("0") }, undefined, false, 415],
    ["an empty object of an unread body", sized("5"), {}, false, 415],
    ["an empty object of a body that is read", sized("5"), {}, true, {}],
    ["fields of a body that came with the request", sized("5"), { a: 1 }, false, { a: 1 }],
    ["a text that came with the request", sized("5"), "a", false, 400],
  ])("is made of %s", (_what, headers, body, readableDidRead, made) => {
    const parts = { method: "POST", query: {}, body, params: {} };
    const make = () => ({ ...payloadOf(parts, { headers, readableDidRead } as never) });
    if (typeof made === "number")
      expect(make).toThrow(expect.objectContaining({ code: "invalid_input", status: made }));
    else expect(make()).toEqual(made);
  });

  test("is refused with a reason where nobody has read it", () => {
    const parts = { method: "POST", query: {}, body: undefined, params: {} };
    const make = () => payloadOf(parts, { headers: sized("5") } as never);
    expect(make).toThrow("A body of this type is not read.");
  });

  test("has no fields where the body is not there", () => {
    for (const body of [undefined, null]) expect({ ...post({}, body) }).toEqual({});
  });

  test.each([[["a"]], [Buffer.from("ab")], [new Uint8Array(1)], ["ab"], [""], [7], [false]])(
    "is refused where the body has no fields: %j",
    (body) => {
      expect(() => post({}, body)).toThrow("The body is no object.");
    },
  );

  test("of any depth is compared", () => {
    const deep = (end: unknown) => {
      let made = end;
      for (let level = 0; level < 100_000; level++) made = [made];
      return { deep: made };
    };
    expect(post(deep("5"), deep(5))).toBeDefined();
    expect(() => post(deep("5"), deep(6))).toThrow("more than once");
  });

  test("names a parameter in at most 40 characters", () => {
    const name = "x".repeat(5000);
    expect(() => post({ [name]: 1 }, { [name]: 2 })).toThrow(`\`${"x".repeat(40)}\` is there`);
  });
});
