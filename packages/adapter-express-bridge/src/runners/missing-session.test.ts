import { PermissionMisuse } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import session, { MemoryStore } from "express-session";
import { describe, expect, test } from "vitest";
import { askAction, handshake } from "../../test/support.js";
import { fromExpress, useExpress } from "../index.js";
import { explainMissing } from "./missing-session.js";

type Request = Parameters<RequestHandler>[0] & {
  readonly session: { readonly userId?: number };
  readonly user: { readonly id: number };
  isAuthenticated(): boolean;
};

const app = express();
const withSession = session({ secret: "s", resave: false, saveUninitialized: false, store: new MemoryStore() });
const reading =
  (read: (request: Request) => unknown): RequestHandler =>
  (request, _response, next) =>
    read(request as Request) ? next() : next("no");
const errorOf = async (...middlewares: RequestHandler[]) =>
  (await askAction(fromExpress(middlewares, { app }))).error as Error;

describe("a list without what one of its middlewares reads", () => {
  test.each([
    ["isAuthenticated", reading((request) => request.isAuthenticated())],
    ["the session", reading((request) => request.session.userId)],
    ["the user", reading((request) => request.user.id)],
  ])("is told: %s", async (_what, middleware) => {
    const error = await errorOf(middleware);
    expect(error).toBeInstanceOf(PermissionMisuse);
    expect(error.message).toMatch(/^fromExpress\(\): a middleware reads what session\(\.\.\.\) and passport/);
    expect(error.message).toContain(
      "add it, as in fromExpress([session(...), passport.session(), requireLogin], { app })",
    );
    expect(error.cause).toBeInstanceOf(TypeError);
    await expect(useExpress(middleware, { app })(handshake())).rejects.toThrow("add it, as in useExpress([session(");
  });

  test.each([
    ...["user", "userId", "passport", "id", "uid", "role", "roles", "isAdmin", "loggedIn", "logged", "account"],
    ...["accountId", "cookie", "save", "destroy", "regenerate"],
  ])("is told of the property %s", (name) => {
    for (const done of ["reading", "setting"]) {
      const error = new TypeError(`Cannot read properties of undefined (${done} '${name}')`);
      expect(explainMissing(error, {} as never, "fromExpress()")).toBeInstanceOf(PermissionMisuse);
    }
  });

  test("is told of passport alone behind a session", async () => {
    const error = await errorOf(
      withSession,
      reading((request) => request.isAuthenticated()),
    );
    expect(error.message).toContain("a middleware reads what passport.session() would set");
  });
});

describe("another error stays as it is", () => {
  test.each<[string, unknown]>([
    ["of another property", new TypeError("Cannot read properties of undefined (reading 'color')")],
    ["of a longer name", new TypeError("Cannot read properties of undefined (reading 'roles2')")],
    ["of another class", new Error("isAuthenticated is not a function")],
    ["a text", "isAuthenticated is not a function"],
  ])("%s", async (_what, error) => {
    const fail: RequestHandler = (_request, _response, next) => next(error);
    const told = await errorOf(fail);
    expect(told === error).toBe(true);
  });

  test("that cannot be read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(explainMissing(proxy, {} as never, "fromExpress()") === proxy).toBe(true);
  });

  test("of a list that has a session", async () => {
    const error = await errorOf(
      withSession,
      reading((request) => request.user.id),
    );
    expect(error).not.toBeInstanceOf(PermissionMisuse);
  });
});
