import { generateKeyPairSync } from "node:crypto";
import { AllowAny, allow, definePolicy, deny, fault, PermissionDenied } from "@portcullis/core";
import fc from "fast-check";
import createError from "http-errors";
import * as jose from "jose";
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT } from "jose";
import jwt from "jsonwebtoken";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Wire } from "../../../test/connection.js";
import { Gate } from "../gate.js";
import { notAuthenticated } from "./authentication-error.js";

const SECRET = "a-secret-of-this-test-that-is-long-enough";
const policy = definePolicy({ connect: AllowAny, permissions: AllowAny });

let print = vi.spyOn(console, "error");
beforeEach(() => {
  print = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => print.mockRestore());

/** The response to a client whose `authenticate` runs the function. */
async function answerTo(authenticate: () => unknown) {
  const gate = new Gate("guard()", policy, { authenticate });
  const { decision } = await gate.admit(new Wire()).result;
  const { outcome, code, status, retry, reason, by } = decision;
  return { outcome, code, status, retry, reason, by };
}

const raise = (error: unknown) => () => {
  throw error;
};

const BAD_TOKEN = {
  outcome: "deny",
  code: "not_authenticated",
  status: 401,
  retry: "after-auth",
  reason: "Incorrect authentication credentials.",
  by: "authenticate",
};
const FAULT = {
  outcome: "error",
  code: "permission_error",
  status: 500,
  retry: "never",
  reason: "The permission could not be checked.",
  by: "authenticate",
};

describe("jsonwebtoken", () => {
  const good = jwt.sign({ id: 1 }, SECRET);
  const [header, , signature] = good.split(".") as [string, string, string];
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const verify = (token: unknown, options?: jwt.VerifyOptions) => () => ({
    user: jwt.verify(token as string, SECRET, options),
  });

  test("lets in who has a good token", async () => {
    expect(await answerTo(verify(good))).toMatchObject({ outcome: "allow" });
  });

  test.each([
    ["missing", undefined],
    ["empty", ""],
    ["no text", 5],
    ["garbage", "garbage"],
    ["three parts of garbage", "a.b.c"],
    ["expired", jwt.sign({ exp: 1 }, SECRET)],
    ["of a time to come", jwt.sign({}, SECRET, { notBefore: 1000 })],
    ["forged with another secret", jwt.sign({ id: 1 }, `${SECRET}2`)],
    ["changed", `${header}.${encoded({ id: 2 })}.${signature}`],
    ["of a payload that is no JSON", `${header}.${Buffer.from("{").toString("base64url")}.${signature}`],
    ["not signed", `${encoded({ alg: "none", typ: "JWT" })}.${encoded({ id: 1 })}.`],
    ["of another algorithm", `${encoded({ alg: "RS256", typ: "JWT" })}.${encoded({ id: 1 })}.${signature}`],
  ])("a token that is %s is a denial", async (_what, token) => {
    expect(await answerTo(verify(token))).toEqual(BAD_TOKEN);
    expect(print).toHaveBeenCalledTimes(1);
    expect(print).toHaveBeenCalledWith("portcullis: not_authenticated in authenticate (connect):", expect.any(String));
  });

  test.each([
    ["audience", { audience: "the secret service" }],
    ["issuer", { issuer: "secret" }],
    ["subject", { subject: "key" }],
    ["age", { maxAge: "1s" }],
  ])("a token of the wrong %s is a denial", async (_what, options) => {
    expect(await answerTo(verify(jwt.sign({ iat: 1 }, SECRET), options))).toEqual(BAD_TOKEN);
  });

  test.each<[string, () => unknown]>([
    ["no secret", () => jwt.verify(good, undefined as never)],
    ["a secret that is no key", () => jwt.verify(good, {} as never)],
    ["options that are none", () => jwt.verify(good, SECRET, { clockTimestamp: "now" as never })],
    ["a nonce that is none", () => jwt.verify(good, SECRET, { nonce: "" })],
    ["an age that is none", () => jwt.verify(good, SECRET, { maxAge: "soon" })],
    ["a key that is looked up by nobody", () => jwt.verify(good, (() => SECRET) as never)],
    [
      "a key of another kind",
      () => jwt.verify(`${encoded({ alg: "RS256" })}.e30.${signature}`, SECRET, { algorithms: ["RS256"] }),
    ],
  ])("%s is a fault of the server", async (_what, authenticate) => {
    expect(await answerTo(authenticate)).toEqual(FAULT);
  });

  test("any mutation of a token is at most a denial", async () => {
    const change = fc.record({ at: fc.nat(good.length - 1), by: fc.constantFrom(..."aZ0-_.~=") });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const letters = [...good];
        for (const { at, by } of changes) letters[at] = by;
        const { outcome, status } = await answerTo(verify(letters.join("")));
        // The last letter has bits that do not count.
        if (outcome !== "allow") expect([outcome, status]).toEqual(["deny", 401]);
        else expect(letters.slice(0, -1)).toEqual([...good].slice(0, -1));
      }),
    );
  });
});

describe("jose", () => {
  const key = new TextEncoder().encode(SECRET);
  const sign = (claims: object, by = key) => new SignJWT({ ...claims }).setProtectedHeader({ alg: "HS256" }).sign(by);
  const verify = (token: unknown, options?: object) => async () => jwtVerify(token as string, key, options);

  test("its errors about a token are denials", async () => {
    const tokens: [unknown, object?][] = [
      [undefined],
      ["garbage"],
      [await sign({ exp: 1 })],
      [await sign({ nbf: 9_999_999_999 })],
      [await sign({}, new TextEncoder().encode(`${SECRET}2`))],
      [await sign({}), { audience: "me" }],
      [await sign({}), { algorithms: ["RS256"] }],
    ];
    for (const [token, options] of tokens) expect(await answerTo(verify(token, options))).toEqual(BAD_TOKEN);
    expect(await answerTo(verify(await sign({ id: 1 })))).toMatchObject({ outcome: "allow" });
  });

  test("an unknown key or algorithm is a denial", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] });
    const head = (value: object) => `${Buffer.from(JSON.stringify(value)).toString("base64url")}.e30.c2ln`;
    for (const value of [{ alg: "RS256", kid: "two" }, { alg: "HS256" }, { alg: "none" }]) {
      expect(await answerTo(() => jwtVerify(head(value), keys))).toEqual(BAD_TOKEN);
    }
  });

  test("its errors about keys are faults", async () => {
    const { JWKSTimeout, JWKSInvalid, JWKInvalid, JOSEError, JWKSMultipleMatchingKeys } = jose.errors;
    for (const Failure of [JWKSTimeout, JWKSInvalid, JWKInvalid, JOSEError, JWKSMultipleMatchingKeys]) {
      expect(await answerTo(raise(new Failure("secret")))).toEqual(FAULT);
    }
  });
});

describe("http-errors", () => {
  test("with exposed 401 or 403 are denials with their text", async () => {
    expect(await answerTo(raise(createError(401, "Sign in again")))).toEqual({ ...BAD_TOKEN, reason: "Sign in again" });
    expect(await answerTo(raise(createError(403, "You are banned")))).toEqual({
      ...BAD_TOKEN,
      code: "permission_denied",
      status: 403,
      retry: "never",
      reason: "You are banned",
    });
  });

  test.each([
    ["of another status", createError(404, "secret")],
    ["of a limit", createError(429, "secret")],
    ["of the server", createError(503, "secret", { expose: true })],
    ["that may not be shown", createError(401, "secret", { expose: false })],
    ["of somebody else's response", Object.assign(new Error("secret"), { name: "AxiosError", status: 401 })],
    ["whose flag is no flag", Object.assign(new Error("secret"), { status: 401, expose: "yes" })],
    ["that is no error", { status: 401, expose: true, message: "secret" }],
  ])("%s are faults", async (_what, error) => {
    expect(await answerTo(raise(error))).toEqual(FAULT);
  });
});

test("a `PermissionDenied` stays what it is", () => {
  const denied = Object.assign(new PermissionDenied("closed", { status: 403 }), { expose: true, message: "secret" });
  expect(notAuthenticated(denied)).toMatchObject({ outcome: "deny", code: "closed", status: 403 });
});

test("an unreadable error is a fault", () => {
  const hostile = Object.defineProperty(new Error("secret"), "expose", {
    get() {
      throw new Error("of a getter");
    },
  });
  const strange = [
    hostile,
    new Proxy(new Error("secret"), {
      get: () => {
        throw new Error("of a trap");
      },
    }),
    null,
    5,
  ];
  for (const error of strange) expect(notAuthenticated(error)).toMatchObject({ outcome: "error", status: 500 });
});

test("an exposed error without a text has the usual reason", () => {
  const error = Object.assign(new Error("secret"), { status: 401, expose: true, message: 5 });
  expect(notAuthenticated(error)).toMatchObject({
    outcome: "deny",
    reason: "Authentication credentials were not provided.",
  });
});

test("an error is of a token if `JSON.parse` threw it inside of jws", () => {
  const stack = "at jwsDecode (/app/node_modules/jws/lib/verify-stream.js:5:7)";
  const outcomes = [
    Object.assign(new SyntaxError("secret"), { stack }),
    Object.assign(new SyntaxError("secret"), { stack: "at parse (/app/src/config.js:5:7)" }),
    Object.assign(new TypeError("secret"), { stack }),
  ].map((error) => notAuthenticated(error).outcome);
  expect(outcomes).toEqual(["deny", "error", "error"]);
});

test.each([
  ["a fault", fault("down", { status: 503, retryAfter: 2 }), { outcome: "error", status: 503, retryAfter: 2 }],
  ["a denial", deny("banned", { reason: "No" }), { outcome: "deny", code: "banned", reason: "No" }],
  ["no refusal", allow(), { outcome: "deny", code: "closed" }],
  ["an error", new Error("x"), { outcome: "deny", code: "closed" }],
])("a `PermissionDenied` caused by %s is answered", (_what, cause, expected) => {
  const denied = new PermissionDenied("closed", { cause });
  expect(notAuthenticated(denied)).toMatchObject({ ...expected, by: "authenticate" });
});

test("a cause of another thrown value is no denial", () => {
  for (const thrown of [{ cause: deny("banned") }, new Error("down", { cause: deny("banned") })]) {
    expect(notAuthenticated(thrown)).toMatchObject({ outcome: "error", code: "permission_error" });
  }
});

test.each([
  ["name", "MyTokenExpiredError"],
  ["name", "TokenExpiredErrors"],
  ["code", "MY_ERR_JWT_EXPIRED"],
  ["code", "ERR_JWT_EXPIRED_AGAIN"],
])("an error with the %s %s is a fault", async (key, value) => {
  expect(await answerTo(raise(Object.assign(new Error("x"), { [key]: value })))).toEqual(FAULT);
});
