import { describe, expect, it } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { definePolicy } from "../policy.js";
import { IsAuthenticated, isSignedIn } from "./is-authenticated.js";

describe("who is signed in", () => {
  it.each([
    [{ id: 1 }],
    [{ id: 0 }],
    [{ pk: "7" }],
    [{ sub: "auth0|1" }],
    [{}],
    [{ name: "alice" }],
    [{ isAuthenticated: true }],
    [{ isAuthenticated: true, id: 1, pk: 2, sub: "3" }],
    [new (class User {})()],
  ])("%j is", (user) => {
    expect(isSignedIn(user)).toBe(true);
  });

  it.each([
    [undefined],
    [null],
    [true],
    ["alice"],
    [1],
    [() => ({ id: 1 })],
    [{ isAuthenticated: false }],
    [{ isAuthenticated: "true", id: 1 }],
    [{ isAuthenticated: () => true, id: 1 }],
    [{ isAuthenticated: undefined }],
    [{ id: null }],
    [{ id: undefined }],
    [{ id: "" }],
    [{ pk: null, id: 1 }],
    [{ sub: "" }],
  ])("%j is not", (user) => {
    expect(isSignedIn(user)).toBe(false);
  });

  it("nobody is what a plain object has under a name that every object has", () => {
    const users: Record<string, unknown> = { ann: { id: 1 } };
    for (const token of ["__proto__", "constructor", "toString"]) expect(isSignedIn(users[token])).toBe(false);
  });

  it("a class of users without an instance is not (the original let it in where no middleware had made one)", () => {
    class AnonymousUser {
      get isAuthenticated() {
        return false;
      }
    }
    expect(isSignedIn(AnonymousUser)).toBe(false);
    expect(isSignedIn(new AnonymousUser())).toBe(false);
  });
});

describe("IsAuthenticated", () => {
  const ANONYMOUS = { user: null };

  it("answers 401 to an action of nobody, and lets nobody connect unless `connect` says otherwise", () => {
    const policy = definePolicy({ permissions: IsAuthenticated });
    expect(policy.connect(ANONYMOUS, CONSUMER)).toMatchObject({ outcome: "allow" });
    expect(policy.authorize(ANONYMOUS, CONSUMER, "act")).toMatchObject({
      outcome: "deny",
      code: "not_authenticated",
      status: 401,
      retry: "after-auth",
      by: "IsAuthenticated",
    });
    expect(policy.authorize({} as never, CONSUMER, "act")).toMatchObject({ status: 401 });
    expect(policy.authorize({ user: { id: 1 } }, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
  });

  it("as `connect` it means what it reads", () => {
    const policy = definePolicy({ connect: IsAuthenticated, actions: {} });
    expect(policy.connect(ANONYMOUS, CONSUMER)).toMatchObject({ status: 401 });
    expect(policy.connect({ user: { id: 1 } }, CONSUMER)).toMatchObject({ outcome: "allow" });
  });
});
