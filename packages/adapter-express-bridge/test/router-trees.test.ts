import type { RequestListener } from "node:http";
import express, { type RequestHandler } from "express";
import express4 from "express4";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromExpress } from "../src/index.js";
import { askAction, at, listen, send, stopAll } from "./support.js";

afterAll(stopAll);

type Framework = typeof express;

/** One entry of a router, from which it is built anew for each side. */
type Entry =
  | { readonly kind: "use" | "all" | "post" | "get"; readonly path: string }
  | { readonly kind: "everywhere" | "param" | "skip" | "recover" | "five" | "fail" }
  | { readonly kind: "router" | "app"; readonly path: string; readonly entries: readonly Entry[] };

const PATHS = ["/", "/a", "/b", "/a/b", "/:id", "/a/:id"];
const path = fc.constantFrom(...PATHS);

const { entries } = fc.letrec<{ entries: readonly Entry[] }>((tie) => ({
  entries: fc.array(
    fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.record({ kind: fc.constantFrom("use", "all", "post", "get"), path }) as fc.Arbitrary<Entry>,
      fc.record({
        kind: fc.constantFrom("everywhere", "param", "skip", "recover", "five", "fail"),
      }) as fc.Arbitrary<Entry>,
      fc.record({ kind: fc.constantFrom("router", "app"), path, entries: tie("entries") }) as fc.Arbitrary<Entry>,
    ),
    { maxLength: 4 },
  ),
}));

/** The names of the functions that ran. Functions that take errors are not asked. */
type Ran = string[];

function fill(framework: Framework, router: express.Router, list: readonly Entry[], ran: Ran): void {
  const go =
    (what: string): RequestHandler =>
    (_request, _response, next) => {
      ran.push(what);
      next();
    };
  for (const entry of list) {
    if ("entries" in entry) {
      const inner = entry.kind === "app" ? framework() : framework.Router();
      fill(framework, inner as express.Router, entry.entries, ran);
      router.use(entry.path, inner);
    } else if ("path" in entry) router[entry.kind](entry.path, go(`${entry.kind} ${entry.path}`));
    else FILL[entry.kind]?.(router, go(entry.kind), ran);
  }
}

const FILL: Record<string, (router: express.Router, go: RequestHandler, ran: Ran) => unknown> = {
  everywhere: (router, go) => router.use(go),
  param: (router, go) => router.param("id", (request, response, next) => go(request, response, next)),
  skip: (router, _go, ran) =>
    router.param("id", (_request, _response, next) => {
      ran.push("skip");
      next("route");
    }),
  recover: (router) => router.use((_error: unknown, _request: unknown, _response: unknown, next: () => void) => next()),
  five: (router) => router.use(((_a: never, _b: never, _c: never, next: () => void, _d: never) => next()) as never),
  fail: (router, _go, ran) =>
    router.use((_request, _response, next) => {
      ran.push("fail");
      next(new Error("failed"));
    }),
};

const tree = fc.record({
  entries,
  isApp: fc.boolean(),
  isBehind: fc.boolean(),
  isRecovered: fc.boolean(),
  path: fc.constantFrom("/", "/a", "/b", "/c", "/a/b", "/a/c", "/b/a/b", "/%zz", "/a/%zz"),
  method: fc.constantFrom("GET", "POST", "HEAD") as fc.Arbitrary<"GET" | "POST" | "HEAD">,
});
type Tree = typeof tree extends fc.Arbitrary<infer T> ? T : never;

/** The chain of a tree. The functions around the router are not its own. */
function chainOf(framework: Framework, { entries, isApp, isBehind, isRecovered }: Tree, ran: Ran): RequestHandler[] {
  const router = (isApp ? framework() : framework.Router()) as express.Router;
  fill(framework, router, entries, ran);
  const pass: RequestHandler = (_request, _response, next) => next();
  const recover = ((_error: unknown, _request: unknown, _response: unknown, next: () => void) =>
    next()) as unknown as RequestHandler;
  return [...(isBehind ? [pass] : []), router, ...(isRecovered ? [recover] : [])];
}

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as Framework],
])("any router of %s", (_version, framework) => {
  let current: RequestListener;
  let port: number;
  beforeAll(async () => {
    ({ port } = await listen((request, response) => current(request, response)));
  });

  /** The same chain over HTTP, in front of a marker. */
  const overHttp = async (one: Tree) => {
    const ran: Ran = [];
    let isReached = false;
    const server = framework().set("env", "test");
    server.use(...chainOf(framework, one, ran), (_request, response) => {
      isReached = true;
      response.end();
    });
    server.use(((_error, _request, response, _next) => void response.status(500).end()) as express.ErrorRequestHandler);
    current = server;
    await send(port, { method: one.method, path: one.path });
    return { ran, isReached };
  };

  const onSocket = async (one: Tree, unmatched: "deny" | "allow") => {
    const ran: Ran = [];
    const app = framework();
    const rule = fromExpress(chainOf(framework, one, ran), {
      app,
      stopAt: [],
      unmatched,
      methods: { ask: one.method },
      onError() {},
    });
    const { outcome, status } = await askAction(rule, { ...at({}, one.path), action: "ask" });
    return { ran, isAllowed: outcome === "allow", status };
  };

  test("allows only where a function of it ran", async () => {
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(tree, async (one) => {
        const http = await overHttp(one);
        const socket = await onSocket(one, "deny");
        if (!socket.isAllowed) return;
        allowed += 1;
        expect(http.isReached).toBe(true);
        expect(socket.ran).toEqual(http.ran);
        expect(socket.ran).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(allowed).toBeGreaterThan(5);
  }, 60_000);

  test("passes as over HTTP where that is declared", async () => {
    const holds = (list: readonly Entry[], kind: string): boolean =>
      list.some((one) => one.kind === kind || ("entries" in one && holds(one.entries, kind)));
    await fc.assert(
      fc.asyncProperty(tree, async (one) => {
        // An empty chain and a skipped route are refused in any case.
        fc.pre(!holds(one.entries, "skip"));
        const http = await overHttp(one);
        const socket = await onSocket(one, "allow");
        if (socket.status === 500 && http.ran.length === 0) return;
        expect(socket.isAllowed).toBe(http.isReached);
      }),
      { numRuns: 80 },
    );
  }, 60_000);
});
