import { permission } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { describe, expect, test } from "vitest";
import { askAction, at, handshake, scopeOf, seen } from "../../test/support.js";
import { fromExpress } from "../index.js";

const app = express();
const NEXT: RequestHandler = (_request, _response, next) => next();

describe("the request", () => {
  test("is new for every question, and the handshake is unchanged", async () => {
    const shared = handshake({ cookie: "a=1" });
    const before = JSON.stringify(shared);
    const requests = new Set<unknown>();
    const mark: RequestHandler = (request, _response, next) => {
      if (Object.hasOwn(request, "user")) throw new Error("not new");
      requests.add(Object.assign(request, { user: 1, session: {} }));
      next();
    };
    const rule = fromExpress(mark, { app });
    for (let time = 0; time < 3; time++) {
      expect((await askAction(rule, { scope: scopeOf(shared) })).outcome).toBe("allow");
    }
    expect(requests.size).toBe(3);
    expect(JSON.stringify(shared)).toBe(before);
  });

  test("is no upgrade, complete, and from the same place", async () => {
    const { request } = await seen({}, at({ "x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https" }));
    expect(request).toMatchObject({
      upgrade: false,
      complete: true,
      httpVersion: "1.1",
      ip: "127.0.0.1",
      secure: false,
    });
    expect(request.socket.remotePort).toBe(5000);
  });

  test("knows what its application trusts", async () => {
    const own = express();
    own.set("trust proxy", true);
    const headers = {
      "x-forwarded-for": "192.0.2.9",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "other.example",
    };
    const { request } = await seen({ app: own }, at(headers));
    expect([request.ip, request.secure, request.protocol, request.hostname]).toEqual([
      "192.0.2.9",
      true,
      "https",
      "other.example",
    ]);
    expect(request.app).toBe(own);
  });

  test("of an encrypted connection has its certificate, even after close", async () => {
    const own = handshake();
    const certificate = { subject: { CN: "ann" } };
    const socket = {
      encrypted: true,
      authorized: true,
      remoteAddress: "192.0.2.7",
      getPeerCertificate: () => certificate,
    };
    Object.assign(own, { socket });
    const scope = scopeOf(own);
    expect((await seen({}, { scope })).request.secure).toBe(true);
    Object.assign(own, { socket: {} });
    const { request } = await seen({}, { scope });
    const found = request.socket as unknown as { getPeerCertificate(): unknown; authorized: unknown };
    expect([request.ip, found.authorized, found.getPeerCertificate()]).toEqual(["192.0.2.7", true, certificate]);
  });

  test("its socket can be used as one, and leads nowhere", async () => {
    const use: RequestHandler = (request, _response, next) => {
      const { socket } = request;
      socket.setTimeout(1).setNoDelay().setKeepAlive().ref().unref();
      socket.write("x");
      socket.cork();
      socket.write("y");
      socket.write("z");
      socket.uncork();
      if (socket.address() === null) throw new Error("no address");
      next();
    };
    expect(await askAction(fromExpress(use, { app }))).toMatchObject({ outcome: "allow" });
  });

  test("can be derived from a scope without a handshake", async () => {
    const scope = {
      user: null,
      headers: { "x-a": "1" },
      path: "/p",
      query: { q: "1" },
      remoteAddress: "192.0.2.1",
      secure: true,
    };
    const { request } = await seen({}, { scope: scope as never });
    expect([request.url, request.get("x-a"), request.ip, request.secure]).toEqual(["/p?q=1", "1", "192.0.2.1", true]);
  });
});

describe("who is there", () => {
  const scope = scopeOf(handshake(), { user: { id: 1 }, session: { id: "s" } });
  test("is for the middlewares to find out", async () => {
    const { request } = await seen({}, { scope });
    expect([Object.hasOwn(request, "user"), Object.hasOwn(request, "session")]).toEqual([false, false]);
  });
  test("is taken from the scope where that is wanted", async () => {
    const { request, decision } = await seen({ user: "scope" }, { scope });
    expect([(request as { user?: unknown }).user, (request as { session?: unknown }).session]).toEqual([
      { id: 1 },
      { id: "s" },
    ]);
    expect(decision.evidence).toMatchObject({ user: { id: 1 }, session: { id: "s" } });
    expect(Object.hasOwn((await seen({ user: "scope" })).request, "user")).toBe(false);
  });
  test.each([undefined, null])("is nobody where the scope has %s, not even by name", async (nobody) => {
    const empty = scopeOf(handshake(), { user: nobody, session: nobody });
    const { request } = await seen({ user: "scope" }, { scope: empty });
    expect([Object.hasOwn(request, "user"), Object.hasOwn(request, "session")]).toEqual([false, false]);
  });
});

describe("evidence", () => {
  test("is what the middlewares have found, and nothing else", async () => {
    const find: RequestHandler = (request, response, next) => {
      Object.assign(request, { user: { id: 1 }, auth: { sub: "1" } });
      response.locals.plan = "pro";
      next();
    };
    expect({ ...(await askAction(fromExpress(find, { app }))).evidence }).toMatchObject({
      user: { id: 1 },
      auth: { sub: "1" },
      locals: { plan: "pro" },
    });
    expect(Object.keys((await askAction(fromExpress(NEXT, { app }))).evidence ?? {})).toEqual([]);
  });
  test("that cannot be read is a fault", async () => {
    const trap: RequestHandler = (request, _response, next) => {
      Object.defineProperty(request, "session", {
        get: () => {
          throw new Error("no");
        },
      });
      next();
    };
    expect(await askAction(fromExpress(trap, { app }))).toMatchObject({ outcome: "error", status: 500 });
  });
  test("of another rule keeps its name to itself", async () => {
    const mine = permission("mine", () => true);
    expect(await askAction([mine, fromExpress(NEXT, { app })])).toMatchObject({ outcome: "allow" });
  });
});
