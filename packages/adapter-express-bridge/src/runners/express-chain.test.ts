import { tmpdir } from "node:os";
import { and, not, or, permission } from "@portcullis/core";
import express, { type ErrorRequestHandler, type RequestHandler, Router } from "express";
import session, { MemoryStore } from "express-session";
import express4 from "express4";
import { describe, expect, test, vi } from "vitest";
import { askAction, askConnect, handshake, scopeOf } from "../../test/support.js";
import { fromExpress } from "../index.js";

const app = express();
const ask = (...middlewares: (RequestHandler | ErrorRequestHandler)[]) => askAction(fromExpress(middlewares, { app }));

describe("a middleware that takes an error", () => {
  const fail: RequestHandler = (_q, _r, next) => next(new Error("broken"));
  test("is called where there is one, and only there", async () => {
    const handle: ErrorRequestHandler = (error, _q, r, _next) => void r.status(418).json({ message: error.message });
    expect(await ask(fail, handle)).toMatchObject({ status: 418, reason: "broken" });
    const go: RequestHandler = (_q, _r, next) => next();
    expect(await ask(handle, go)).toMatchObject({ outcome: "allow" });
  });
  test("may go on, as over HTTP", async () => {
    const recover: ErrorRequestHandler = (_error, _q, _r, next) => next();
    expect(await ask(fail, recover)).toMatchObject({ outcome: "allow" });
  });
  test("may pass it on", async () => {
    const pass: ErrorRequestHandler = (error, _q, _r, next) => next(Object.assign(error, { status: 403 }));
    expect(await ask(fail, pass)).toMatchObject({ outcome: "error", status: 403 });
  });
});

describe("a middleware that has failed", () => {
  const error = new Error("broken");
  const fail: RequestHandler = (_q, _r, next) => next(error);
  test("is followed by no other that takes no error", async () => {
    const asked: string[] = [];
    const plain: RequestHandler = (_q, _r) => void asked.push("plain");
    const five = ((_e: unknown, _q: unknown, _r: unknown, _n: unknown, _m: unknown) =>
      void asked.push("five")) as never;
    const decision = await ask(fail, plain, five);
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error", status: 500, error });
    expect(asked).toEqual([]);
  });

  test.each([undefined, null])("by a promise rejected with %s is a failure", async (nothing) => {
    const { outcome, error: kept } = await ask((() => Promise.reject(nothing)) as RequestHandler);
    expect([outcome, (kept as Error).message]).toEqual(["error", "a middleware has thrown nothing"]);
  });
});

describe("a middleware that never answers", () => {
  test("is a fault after its deadline, and sees the close", async () => {
    const closed: string[] = [];
    const silent: RequestHandler = (q, r) => {
      r.on("close", () => closed.push("response"));
      q.on("close", () => closed.push("request"));
      q.socket.on("close", () => closed.push("socket"));
    };
    const decision = await askAction(fromExpress(silent, { app, timeout: 20 }));
    expect(decision).toMatchObject({ outcome: "error", code: "permission_timeout", status: 503, retry: "later" });
    await expect.poll(() => closed.sort()).toEqual(["request", "response", "socket"]);
  });

  test("streams without an end: the same", async () => {
    let written = 0;
    const endless: RequestHandler = (_q, r) => {
      const timer = setInterval(() => {
        r.write("x".repeat(1000));
        written += 1;
      }, 1);
      r.on("close", () => clearInterval(timer));
    };
    expect(await askAction(fromExpress(endless, { app, timeout: 20 }))).toMatchObject({ code: "permission_timeout" });
    const before = written;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(written - before).toBeLessThan(3);
  });

  test("is let go when nobody waits any more", async () => {
    const controller = new AbortController();
    const closed = vi.fn();
    const silent: RequestHandler = (_q, r) => {
      r.on("close", closed);
      queueMicrotask(() => controller.abort());
    };
    expect(await askAction(fromExpress(silent, { app }), { signal: controller.signal })).toMatchObject({
      code: "aborted",
    });
    await expect.poll(() => closed).toHaveBeenCalledOnce();
  });

  test("whose answer comes late opens nothing", async () => {
    let late: (() => void) | undefined;
    const silent: RequestHandler = (_q, _r, next) => {
      late = next;
    };
    const decision = await askAction(fromExpress(silent, { app, timeout: 20 }));
    expect(() => late?.()).not.toThrow();
    expect(decision).toMatchObject({ outcome: "error" });
  });
});

test("a late error is passed to `onError`", async () => {
  const onError = vi.fn();
  const late: RequestHandler = async (_q, _r, next) => {
    next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("late");
  };
  expect(await askAction(fromExpress(late, { app, onError }))).toMatchObject({ outcome: "allow" });
  await expect.poll(() => onError).toHaveBeenCalledWith(new Error("late"));
});

test("a late error is printed without an `onError`", async () => {
  const error = new Error("late");
  const printed = new Promise<unknown[]>((resolve) => {
    vi.spyOn(console, "error").mockImplementation((...given) => resolve(given));
  });
  let fail: ((error: Error) => void) | undefined;
  const late: RequestHandler = (_q, _r, next) => {
    fail = next;
    next();
  };
  expect(await askAction(fromExpress(late, { app }))).toMatchObject({ outcome: "allow" });
  fail?.(error);
  expect(await printed).toEqual(["portcullis: a middleware has thrown after its answer was used:", error]);
  vi.restoreAllMocks();
});

describe("as a permission", () => {
  const yes = fromExpress((_q: unknown, _r: unknown, next: () => void) => next(), { app });
  const no = fromExpress(
    function requireAdmin(_q: never, r: { sendStatus(status: number): void }) {
      r.sendStatus(403);
    },
    { app },
  );
  test("its name is made of its middlewares' names, or given", () => {
    expect(no.name).toBe("fromExpress(requireAdmin)");
    expect(fromExpress(Router(), { app, name: "orders" }).name).toBe("orders");
    const many = Array.from({ length: 100 }, () => function middleware() {});
    expect(fromExpress(many, { app }).name.length).toBeLessThan(230);
  });
  test("it composes, also with others of its kind", async () => {
    expect(await askAction(and(yes, yes, not(no)))).toMatchObject({ outcome: "allow" });
    expect(
      await askAction(
        or(
          no,
          permission("other", () => true),
        ),
      ),
    ).toMatchObject({ outcome: "allow" });
    expect(await askAction(not(yes))).toMatchObject({ outcome: "deny", by: "not(fromExpress(anonymous))" });
    expect(await askAction(no)).toMatchObject({ by: "fromExpress(requireAdmin)" });
  });
});

test("session changes of a handler are kept when saved", async () => {
  const store = new MemoryStore();
  const sessions = session({ secret: "x", store, resave: false, saveUninitialized: true });
  const rule = fromExpress(sessions, { app });
  const scope = scopeOf(handshake({}));
  await askConnect(rule, { scope });
  const { evidence } = await askAction(rule, { scope });
  const found = evidence?.session as { id: string; count?: number; save(done: () => void): void };
  found.count = 1;
  await new Promise<void>((resolve) => found.save(resolve));
  const kept = await new Promise((resolve) => store.get(found.id, (_error, value) => resolve(value)));
  expect(kept).toMatchObject({ count: 1 });
});

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("what a response of %s finds out by itself", (_version, framework) => {
  const own = framework();
  own.set("view engine", "none").engine("none", (_path, _options, done) => done(new Error("no such view")));
  const ask = (...middlewares: (RequestHandler | ErrorRequestHandler)[]) =>
    askAction(fromExpress(middlewares, { app: own }));

  test("refuses: a file that is not there", async () => {
    const send: RequestHandler = (_q, r) => r.sendFile("not-there.html", { root: tmpdir() });
    expect(await ask(send)).toMatchObject({ outcome: "error", code: "not_found", status: 404 });
  });
  test("refuses: no format that the client takes", async () => {
    const format: RequestHandler = (q, r) => {
      q.headers.accept = "image/png";
      r.status(403).format({ json: () => r.json({ message: "no" }) });
    };
    expect(await ask(format)).toMatchObject({ outcome: "error", status: 406, reason: "Not Acceptable" });
  });
  test("is a fault: a view that cannot be drawn", async () => {
    const render: RequestHandler = (_q, r) => r.render("refused");
    expect(await ask(render)).toMatchObject({ outcome: "error", status: 500 });
    expect(await askAction(not(fromExpress(render, { app: own })))).toMatchObject({ outcome: "error", status: 500 });
  });
  test("reaches the next middleware that takes an error", async () => {
    const render: RequestHandler = (_q, r) => r.render("refused");
    const handle: ErrorRequestHandler = (_error, _q, r, _next) => void r.status(403).json({ message: "Not here." });
    expect(await ask(render, handle)).toMatchObject({ outcome: "error", status: 403, reason: "Not here." });
  });
});
