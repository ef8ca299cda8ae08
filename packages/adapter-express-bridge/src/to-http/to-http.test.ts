import {
  AllowAny,
  abstain,
  allow,
  and,
  definePolicy,
  deny,
  fault,
  IsAuthenticated,
  PermissionDenied,
  PermissionMisuse,
  permission,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import express from "express";
import express4 from "express4";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import Koa2 from "koa2";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Asking, listen, send, stopAll } from "../../test/support.js";
import { toExpress } from "../index.js";
import { toKoa } from "../koa.js";

afterEach(stopAll);

const isMember = permission("isMember", ({ payload, scope }) =>
  payload.room === "lobby" ? allow({ membership: { of: scope.user } }) : deny("not_a_member", { reason: "Join first" }),
);
const thrown = new Error("the password is hunter2");
/** Called when the rule that never answers is evaluated. */
const onSlow = vi.fn();
const policy = definePolicy({
  connect: permission("notBanned", { connect: ({ scope }) => scope.headers["x-banned"] === undefined }),
  actions: {
    join: and(IsAuthenticated, isMember),
    limited: permission("limited", () => fault("rate_limited", { retryAfter: 1.2 })),
    broken: permission("broken", () => {
      throw thrown;
    }),
    hostile: permission("hostile", () =>
      deny("no", {
        headers: { "x-a": "1\r\nx-b: 2", "set-cookie": "a=1", "x-fine": "yes", "content-type": "text/html" },
      }),
    ),
    slow: permission(
      "slow",
      ({ signal }) =>
        new Promise<boolean>((resolve) => {
          signal.addEventListener("abort", () => resolve(true));
          onSlow();
        }),
    ),
    challenged: permission("challenged", () => deny("who", { status: 401, headers: { "WWW-Authenticate": "Basic" } })),
    edit: permission("edit", { object: ({ object, scope }) => object === scope.user }),
    look: permission("look", ({ scope, payload, consumer: { transport } }) => {
      // Handshake properties are getters, so a spread does not copy them.
      const { path, query, cookies, origin, remoteAddress, secure, subprotocols } = scope;
      const known = { path, query, cookies, origin, remoteAddress, secure, subprotocols };
      return allow({ look: { ...scope, ...known, payload, transport } });
    }),
    later: permission("later", async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return allow({ later: true });
    }),
    open: AllowAny,
  },
});

type Options = Parameters<typeof toExpress>[2] & Parameters<typeof toKoa>[2];
/** Puts a rule of the policy in front of a route. */
type Serve = (action: string, options?: object) => Promise<number>;

const expressServer =
  (framework: typeof express): Serve =>
  async (action, options = {}) => {
    const app = framework();
    app.set("trust proxy", true);
    app.use(framework.json());
    app.use((request, _response, next) => {
      const name = request.get("x-user");
      if (name) Object.assign(request, { user: { name } });
      next();
    });
    app.use(
      "/rooms/:room",
      toExpress(policy, action, options as Options),
      (_request, response) => void response.json(response.locals.evidence),
    );
    return (await listen(app)).port;
  };
const koaServer =
  (Framework: typeof Koa): Serve =>
  async (action, options = {}) => {
    const app = new Framework();
    app.proxy = true;
    app.use(bodyParser());
    app.use((context: Koa.Context, next: Koa.Next) => {
      if (context.get("x-user")) context.state.user = { name: context.get("x-user") };
      context.params = { room: context.path.split("/")[2] };
      return next();
    });
    app.use(toKoa(policy, action, options as Options) as never);
    app.use((context: Koa.Context) => {
      context.body = context.state.evidence;
    });
    return (await listen(app.callback())).port;
  };
const ann = { "x-user": "ann" };
const lobby = { path: "/rooms/lobby" };

describe.each([
  ["Express 5", expressServer(express)],
  ["Express 4", expressServer(express4 as never)],
  ["Koa 3", koaServer(Koa)],
  ["Koa 2", koaServer(Koa2 as never)],
])("a rule of a socket in %s", (_name, serve) => {
  const ask = async (action: string, asking: Asking = {}, options = {}) => {
    const { status, headers, body } = await send(await serve(action, options), { ...lobby, headers: ann, ...asking });
    return { status, headers, body: JSON.parse(body) };
  };

  test("lets pass, with what it has found", async () => {
    expect(await ask("join")).toMatchObject({ status: 200, body: { membership: { of: { name: "ann" } } } });
    expect(await ask("open")).toMatchObject({ status: 200, body: {} });
  });

  test("refuses with its code and status, as problem details", async () => {
    expect(await ask("join", { path: "/rooms/cellar" })).toMatchObject({
      status: 403,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
      body: {
        type: "about:blank",
        title: "Forbidden",
        status: 403,
        detail: "Join first",
        code: "not_a_member",
        retry: "never",
      },
    });
  });

  test("challenges whoever is not signed in", async () => {
    expect(await ask("join", { headers: {} })).toMatchObject({
      status: 401,
      headers: { "www-authenticate": "Bearer" },
      body: { code: "not_authenticated", retry: "after-auth" },
    });
    expect(await ask("join", { headers: {} }, { challenge: 'Basic realm="x"' })).toMatchObject({
      headers: { "www-authenticate": 'Basic realm="x"' },
    });
    expect(await ask("challenged")).toMatchObject({ status: 401, headers: { "www-authenticate": "Basic" } });
  });

  test("says when to come again", async () => {
    expect(await ask("limited")).toMatchObject({
      status: 429,
      headers: { "retry-after": "2" },
      body: { code: "rate_limited", retryAfter: 1.2 },
    });
  });

  test("says nothing of a fault to the client", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const answered = await ask("broken");
    expect(answered).toMatchObject({ status: 500, body: { code: "permission_error" } });
    expect(JSON.stringify(answered)).not.toContain("hunter2");
    expect(print).toHaveBeenCalledWith("portcullis: permission_error in broken (broken):", thrown);
    print.mockRestore();
  });

  test("sets no invalid header, and none reserved for the response", async () => {
    const { headers } = await ask("hostile");
    expect(headers).toMatchObject({ "x-fine": "yes", "content-type": "application/problem+json" });
    for (const name of ["x-a", "x-b", "set-cookie"]) expect(headers).not.toHaveProperty(name);
  });

  test("may take its time, also when the body is read already", async () => {
    const method = "POST";
    const answered = await ask("later", { method, body: { text: "x".repeat(50_000) } });
    expect(answered).toMatchObject({ status: 200, body: { later: true } });
  });

  test("is asked with query, body and route params", async () => {
    const body = { room: "lobby", text: "hi", __proto__: undefined };
    const { body: found } = await ask("look", { method: "POST", path: "/rooms/lobby?room=lobby&q=1", body });
    expect(found.look.payload).toEqual({ room: "lobby", text: "hi", q: "1" });
    expect((await ask("look", {}, { payload: async () => ({ own: 1 }) })).body.look.payload).toEqual({ own: 1 });
  });

  test("sees of a request what it sees of a socket", async () => {
    const headers = {
      ...ann,
      cookie: "a=1",
      origin: "https://app.example",
      "x-forwarded-for": "192.0.2.9",
      "x-forwarded-proto": "https",
    };
    expect((await ask("look", { path: "/rooms/lobby?q=1", headers })).body.look).toMatchObject({
      path: "/rooms/lobby",
      query: { q: "1" },
      cookies: { a: "1" },
      origin: "https://app.example",
      remoteAddress: "192.0.2.9",
      secure: true,
      subprotocols: [],
      user: { name: "ann" },
      transport: "http",
    });
  });

  test("evaluates the connect rule too", async () => {
    const banned = { headers: { ...ann, "x-banned": "1" } };
    expect(await ask("open", banned)).toMatchObject({ status: 403 });
    expect(await ask("open", banned, { connect: false })).toMatchObject({ status: 200 });
  });

  test("is told who is there", async () => {
    const authenticate = () => ({ user: { name: "bob" }, plan: "pro" });
    expect((await ask("look", {}, { authenticate })).body.look).toMatchObject({ user: { name: "bob" }, plan: "pro" });
    const refuse = async () => {
      throw new PermissionDenied("expired", { reason: "Sign in again" });
    };
    expect(await ask("open", {}, { authenticate: refuse })).toMatchObject({ status: 401, body: { code: "expired" } });
    const returned = { authenticate: () => deny("banned", { reason: "Out." }) };
    expect(await ask("open", {}, returned)).toMatchObject({ status: 403, body: { code: "banned", detail: "Out." } });
    expect(await ask("look", {}, { authenticate: () => undefined })).toMatchObject({ body: { look: { user: null } } });
  });

  test.each([
    ["nothing of use", () => 7],
    ["a decision that allows", () => allow()],
    ["what is there already", () => ({ path: "/" })],
    ["a promise that nobody waits for", () => ({ user: Promise.resolve({ id: 1 }) })],
    ["a promise that rejects, and nobody waits for", async () => ({ user: Promise.reject(thrown) })],
    [
      "a fault",
      () => {
        throw new Error("down");
      },
    ],
  ])("is refused where authenticate returns or throws %s", async (_what, authenticate) => {
    expect(await ask("open", {}, { authenticate, onDecision() {} })).toMatchObject({ status: 500 });
  });

  test("is asked about the object", async () => {
    const object = (wanted: unknown) => ({ object: () => wanted, authenticate: () => ({ user: "ann" }) });
    expect(await ask("edit", {}, object("ann"))).toMatchObject({ status: 200 });
    expect(await ask("edit", {}, object("bob"))).toMatchObject({ status: 403 });
    expect(await ask("edit", {}, object(undefined))).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(
      await ask(
        "edit",
        {},
        {
          object: () => {
            throw new Error("down");
          },
          onDecision() {},
        },
      ),
    ).toMatchObject({ status: 500 });
  });

  test("is refused as the loader of its object says", async () => {
    const load = (found: unknown) => ({ object: async () => found, authenticate: () => ({ user: found }) });
    expect(await ask("edit", {}, load(deny("not_yours")))).toMatchObject({ status: 403, body: { code: "not_yours" } });
    const down = fault("db_down", { status: 503 });
    expect(await ask("edit", {}, load(down))).toMatchObject({ status: 503, body: { code: "db_down" } });
  });

  test("is a misuse where the loader of its object returns none", async () => {
    const onDecision = vi.fn();
    for (const found of [false, true, new Error("db"), allow(), abstain()]) {
      const options = { object: () => found, authenticate: () => ({ user: found }), onDecision };
      expect(await ask("edit", {}, options)).toMatchObject({ status: 500, body: { code: "permission_error" } });
    }
    const errors = onDecision.mock.calls.map(([{ error }]) => PermissionMisuse.isInstance(error));
    expect(errors).toEqual([true, true, true, true, true]);
  });

  test.each(["authenticate", "payload", "object"])("answers though `%s` never does", async (name) => {
    const never = () => new Promise(() => {});
    expect(await ask("open", {}, { [name]: never, timeout: 50 })).toMatchObject({
      status: 503,
      body: { code: "permission_timeout", retry: "later" },
    });
  });

  test("tells whoever listens", async () => {
    const onDecision = vi.fn();
    await ask("join", {}, { onDecision });
    expect(onDecision).toHaveBeenCalledWith(expect.objectContaining({ outcome: "allow" }), expect.anything(), {
      phase: "action",
    });
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(
      await ask(
        "join",
        {},
        {
          onDecision: () => {
            throw thrown;
          },
        },
      ),
    ).toMatchObject({ status: 200 });
    expect(print).toHaveBeenCalledWith("portcullis: onDecision has thrown:", thrown);
    print.mockRestore();
  });

  test("hears that nobody waits any more", async () => {
    onSlow.mockClear();
    const heard: string[] = [];
    const onDecision = ({ code }: { code: string }) => void heard.push(code);
    const port = await serve("slow", { onDecision });
    const { request } = await import("node:http");
    const sent = request({ port, host: "127.0.0.1", path: "/rooms/lobby" });
    sent.on("error", () => {});
    sent.end();
    await expect.poll(() => onSlow.mock.calls.length).toBeGreaterThan(0);
    sent.destroy();
    await expect.poll(() => heard).toEqual(["aborted"]);
  });
});

describe("what cannot work is said at once", () => {
  const parsing = defineConsumer().action(
    "parsed",
    AllowAny,
    { input: { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } } as never },
    () => {},
  );
  test.each([
    ["no policy", () => toExpress({} as never, "join"), "got an object as its policy"],
    ["an unknown action", () => toExpress(policy, "nothing" as string), 'got "nothing" as its action'],
    ["an action of the prototype", () => toExpress(policy, "constructor" as string), "as its action"],
    [
      "an object that nobody loads",
      () => toExpress(policy, "edit"),
      "only knows objects: give { object: (request) => ... }",
    ],
    ["an input that is parsed", () => toExpress(parsing as never, "parsed"), "parses its input"],
    ["an unknown option", () => toKoa(policy, "open", { objects: 1 } as never), "has no option `objects`"],
    ["a wrong option", () => toKoa(policy, "open", { payload: 1 } as never), "as `payload`: give a function"],
    ["a wrong switch", () => toKoa(policy, "open", { connect: 1 } as never), "as `connect`: give true or false"],
    ["a wrong timeout", () => toKoa(policy, "open", { timeout: -1 }), "`timeout` is -1"],
    ["a wrong challenge", () => toKoa(policy, "open", { challenge: "a\r\nb" }), "as `challenge`"],
  ])("%s", (_what, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "permission_misuse" }));
  });

  test("a consumer and a policy without a table are accepted", async () => {
    const consumer = defineConsumer().action("open", AllowAny, () => {});
    expect(toExpress(consumer, "open")).toBeTypeOf("function");
    expect(toExpress(definePolicy({ permissions: AllowAny }), "whatever")).toBeTypeOf("function");
  });
});

test("a response that is there already is left alone", async () => {
  const app = express();
  app.use((_request, response, next) => {
    response.send("page");
    next();
  });
  app.use(toExpress(policy, "join"));
  expect(await send((await listen(app)).port, {})).toMatchObject({ status: 200, body: "page" });
});
