import * as jose from "jose";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { verifierOf } from "./token-verifier.js";

const ISSUER = "https://id.example";
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };
const ADDRESS = new URL("https://id.example/jwks");

type Pair = Awaited<ReturnType<typeof jose.generateKeyPair>>;
let pair: Pair;
let jwks: { keys: object[] };
beforeAll(async () => {
  pair = await jose.generateKeyPair("ES256");
  jwks = { keys: [{ ...(await jose.exportJWK(pair.publicKey)), kid: "1" }] };
});

let fetched: ReturnType<typeof vi.fn>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  fetched = vi.fn(async () => Response.json(jwks));
  vi.stubGlobal("fetch", fetched);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

interface Signing {
  readonly key?: Pair["privateKey"];
  readonly alg?: string;
  readonly kid?: string;
  readonly claims?: jose.JWTPayload;
}

function sign({ key = pair.privateKey, alg = "ES256", kid = "1", claims = {} }: Signing = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: ISSUER, aud: "app", iat: now, exp: now + 60, jti: "j", events: EVENTS, sub: "ann" };
  return new jose.SignJWT({ ...all, ...claims }).setProtectedHeader({ alg, kid }).sign(key);
}

const remote = (importJose?: () => Promise<unknown>) =>
  verifierOf({ issuer: ISSUER, audience: "app", jwks: ADDRESS }, importJose);
const withoutFetch = async () => ({ ...jose, customFetch: undefined });

test.each(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])(
  "a token with a signature by %s is accepted",
  async (alg) => {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg);
    const keys = [{ ...(await jose.exportJWK(publicKey)), kid: "1", alg }];
    const verify = verifierOf({ issuer: ISSUER, audience: "app", jwks: { keys } });
    expect(await verify(await sign({ key: privateKey, alg }))).toEqual({ sub: "ann", jti: "j" });
  },
);

test("an algorithm that is not listed is refused", async () => {
  const verify = verifierOf({ issuer: ISSUER, audience: "app", jwks, algorithms: ["RS256"] });
  expect(await verify(await sign())).toBe("The token is not valid.");
});

const answers: [string, () => Promise<Response>, RegExp][] = [
  ["no network", () => Promise.reject(new TypeError("fetch failed")), /fetch failed/],
  ["a refused connection", () => Promise.reject(Object.assign(new Error("down"), { code: "ECONNREFUSED" })), /down/],
  ["a timeout", () => Promise.reject(Object.assign(new Error(""), { name: "TimeoutError" })), /timed out/],
  ["a status of 500", async () => new Response("", { status: 500 }), /200 OK/],
  ["a body without keys", async () => Response.json({}), /malformed/],
];

test.each(answers)("%s makes the check fail and pause", async (_what, answer, message) => {
  fetched.mockImplementation(answer);
  const verify = remote();
  const token = await sign();
  await expect(verify(token)).rejects.toThrow(message);
  await expect(verify(token)).rejects.toThrow("The keys could not be read a moment ago.");
  expect(fetched).toHaveBeenCalledOnce();
});

test.each([
  ["with", undefined],
  ["without", withoutFetch],
])("keys are read once a second, %s `customFetch`", async (_what, importJose) => {
  fetched.mockImplementation(async () => new Response("", { status: 500 }));
  const verify = remote(importJose);
  const token = await sign();
  const seen: number[] = [];
  for (const pause of [0, 500, 500, 500, 499, 1]) {
    vi.advanceTimersByTime(pause);
    await expect(verify(token)).rejects.toThrow(Error);
    seen.push(fetched.mock.calls.length);
  }
  // Read at 0, 1,000 and 2,000 milliseconds.
  expect(seen).toEqual([1, 1, 2, 2, 2, 3]);
});

test("a first check without `customFetch` reads the keys", async () => {
  expect(await remote(withoutFetch)(await sign())).toEqual({ sub: "ann", jti: "j" });
});

test("known keys serve tokens while new ones cannot be read", async () => {
  const verify = remote();
  expect(await verify(await sign())).toEqual({ sub: "ann", jti: "j" });
  vi.advanceTimersByTime(31_000);
  fetched.mockImplementation(async () => new Response("", { status: 500 }));
  await expect(verify(await sign({ kid: "2" }))).rejects.toThrow(/200 OK/);
  expect(await verify(await sign())).toEqual({ sub: "ann", jti: "j" });
  await expect(verify(await sign({ kid: "2" }))).rejects.toThrow(/a moment ago/);
  expect(fetched).toHaveBeenCalledTimes(2);
});

test("after a read, only tokens with unknown keys fail", async () => {
  const { privateKey } = await jose.generateKeyPair("ES256");
  const verify = remote();
  await verify(await sign());
  expect(await verify(await sign({ key: privateKey }))).toBe("The token is not valid.");
  await expect(verify(await sign({ kid: "2" }))).rejects.toThrow(/no applicable key/);
  expect(await verify(await sign())).toEqual({ sub: "ann", jti: "j" });
});

test("a package that cannot be loaded is loaded again", async () => {
  const load = vi.fn<() => Promise<unknown>>().mockRejectedValueOnce(new Error("no jose"));
  const verify = remote(load.mockResolvedValue(jose));
  const token = await sign();
  await expect(verify(token)).rejects.toThrow("no jose");
  expect([await verify(token), await verify(token)]).toEqual(Array(2).fill({ sub: "ann", jti: "j" }));
  expect(load).toHaveBeenCalledTimes(2);
});

test("a token for several keys is printed with what to check", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const verify = verifierOf({ issuer: ISSUER, audience: "app", jwks: { keys: [...jwks.keys, ...jwks.keys] } });
  expect(await verify(await sign())).toBe("The token is not valid.");
  expect(String(warned.mock.calls[0])).toMatch(
    /multiple matching keys .*check that the provider names its keys by `kid`/,
  );
});

test("a mismatch is printed by jose 4 without the value", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const verify = verifierOf({ issuer: ISSUER, audience: "app", jwks }, () => import("jose4"));
  expect(await verify(await sign({ claims: { aud: "other" } }))).toBe("The token is not valid.");
  expect(String(warned.mock.calls[0])).toMatch(/"aud" claim value\)\. .* check the option `audience: "app"`\.$/);
});
