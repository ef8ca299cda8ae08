import { createServer, type Server as HttpServer } from "node:http";
import type { Scope } from "@portcullis/core";
import { HandshakeScope } from "@portcullis/core/adapter";
import { judgeOrigin } from "@portcullis/core/internal";
import cors from "cors";
import fc from "fast-check";
import { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { corsOrigins } from "./cors-origins.js";
import type { BareServer } from "./socketio-internals.js";

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((io) => io.close()));
});

function scopeOf(headers: Record<string, string>): Scope {
  const knock = {
    transport: "socket.io",
    path: "/",
    url: "/",
    remoteAddress: undefined,
    secure: false,
    connectedAt: 0,
  };
  return new HandshakeScope({ ...knock, headers: { host: "own.example", ...headers }, request: {} }, { user: null });
}

function admits(origin: unknown, said: string | undefined, more = {}): boolean {
  const io = { opts: { cors: { origin } } } as unknown as BareServer;
  return judgeOrigin(corsOrigins(io), scopeOf({ ...(said !== undefined && { origin: said }), ...more })) === undefined;
}

/** The answer of the package `cors`. */
function corsAnswer(origin: unknown, said: string): unknown {
  let allowed: unknown;
  const response = {
    getHeader: () => undefined,
    setHeader: (name: string, value: unknown) => {
      if (name === "Access-Control-Allow-Origin") allowed = value;
    },
  };
  cors({ origin: origin as never })({ method: "GET", headers: { origin: said } } as never, response as never, () => {});
  return allowed;
}

const APP = "https://app.example";
const EVIL = "https://evil.example";

describe("`cors.origin` of the server", () => {
  test.each<[string, unknown]>([
    ["a text", APP],
    ["a list of texts", ["https://other.example", APP]],
    ["a list in a list", [["https://other.example"], [APP]]],
    ["a regular expression", /app\.example$/],
    ["one that remembers", /app\.example$/g],
    ["one that is sticky", /https:\/\/app/y],
    ["a list of both", ["https://other.example", /^https:\/\/app\./]],
  ])("that is %s is accepted beside the same origin", (_what, origin) => {
    for (let turn = 0; turn < 3; turn++) {
      expect(admits(origin, APP)).toBe(true);
      expect(admits(origin, APP, { cookie: "a=1" })).toBe(true);
    }
    expect(admits(origin, "http://own.example")).toBe(true);
    expect(admits(origin, EVIL)).toBe(false);
    expect(admits(origin, "null")).toBe(false);
    expect(admits(origin, undefined)).toBe(true);
    expect(admits(origin, undefined, { cookie: "a=1" })).toBe(false);
    expect(admits(origin, undefined, { "sec-fetch-site": "cross-site" })).toBe(false);
    expect(admits(origin, undefined, { "sec-fetch-site": "same-origin", cookie: "a=1" })).toBe(true);
  });

  test.each<[string, unknown]>([
    ["any", "*"],
    ["any in a list", ["*"]],
    ["true", true],
    ["true in a list", [true]],
    ["false", false],
    ["a function", (_origin: unknown, done: (error: null, isFit: boolean) => void) => done(null, true)],
    ["nothing", undefined],
    ["an address, which no page has as its origin", `${APP}/`],
  ])("that is %s names nobody", (_what, origin) => {
    expect(admits(origin, APP)).toBe(false);
    expect(admits(origin, "null")).toBe(false);
    expect(admits(origin, undefined, { cookie: "a=1" })).toBe(false);
    expect(admits(origin, "http://own.example")).toBe(true);
  });

  test("names whom the package `cors` names", () => {
    const text = fc.constantFrom(APP, "https://APP.example", `${APP}:443`, `${APP}:8443`, EVIL, "null", "app://main");
    const pattern = fc.constantFrom(/app/, /^https:\/\/app\.example$/, /EXAMPLE$/i, /EXAMPLE$/, /evil|app/);
    const entry = fc.oneof(text, pattern);
    fc.assert(
      fc.property(fc.oneof(pattern, fc.array(entry, { maxLength: 3 })), text, (origin, said) => {
        expect(admits(origin, said)).toBe(corsAnswer(origin, said) === said);
      }),
    );
  });

  test("is asked of no origin that is longer than an origin", () => {
    expect(admits(/a/, `https://${"a".repeat(100_000)}`)).toBe(false);
  });
});

type Attach = (io: Server, http: HttpServer) => void;

test.each<[string, Attach, object?]>([
  ["with the server", (io, http) => io.attach(http), { origin: APP }],
  ["when it is attached", (io, http) => io.attach(http, { cors: { origin: APP } })],
  ["with an engine", (io, http) => io.bind(new Server(http, { cors: { origin: APP } }).engine), { origin: EVIL }],
])("an option that was given %s is read", (_what, attach, given) => {
  const io = new Server(given && { cors: given });
  servers.push(io);
  const rule = corsOrigins(io as unknown as BareServer);
  attach(io, createServer());
  expect(judgeOrigin(rule, scopeOf({ origin: APP }))).toBeUndefined();
  expect(judgeOrigin(rule, scopeOf({ origin: EVIL }))).toBeDefined();
});
