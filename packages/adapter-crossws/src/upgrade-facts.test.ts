import { describe, expect, test, vi } from "vitest";
import { RUNTIME } from "../test/listen.js";
import { PeerConnection } from "./connection.js";

/** The facts of a request, as crossws or srvx gives it to the hook `upgrade`. */
const factsOf = (request: object) => new PeerConnection({} as never, request as never);
const bare = (url: string, headers: Record<string, string> = {}) => ({ url, headers: new Headers(headers) });
const node = (upgrade?: object, url?: string) => ({ runtime: { node: { upgrade, ...(url && { req: { url } }) } } });
const isDeno = RUNTIME === "deno";

describe("the facts of an upgrade", () => {
  test.each<[string, object, object]>([
    ["a request without headers", { url: "http://a/b" }, { url: "", path: undefined, secure: false, isBare: false }],
    ["a broken host", bare("http://a/b", { host: "a/b" }), { url: "", path: undefined, isBare: false }],
    ["a URL", new Request("http://a/b?c=1"), { url: "/b?c=1", path: "/b", secure: false, isBare: false }],
    ["a URL in the query of a path", bare("/b?c=http://d/e"), { url: "/b?c=http://d/e", path: "/b", isBare: true }],
    ["a Node request without an upgrade", { ...bare("http://a/b"), ...node() }, { path: "/b", isBare: true }],
    ["a socket", { ...bare("http://a/b"), ...node({ socket: {} }) }, { path: "/b", secure: false, isBare: false }],
    ["a target of another path", { ...bare("http://a/b"), ...node({ socket: {} }, "/c") }, { path: undefined }],
  ])("are read from %s", (_what, request, facts) => {
    expect(factsOf(request)).toMatchObject(facts);
  });

  test.each<[string, object, boolean]>([
    ["an encrypted socket", { ...bare("http://a/"), ...node({ socket: { encrypted: true } }) }, true],
    ["a plain socket", { ...bare("https://a/"), ...node({ socket: { encrypted: false } }) }, false],
    ["a native request", new Request("https://a/", { headers: { "x-forwarded-proto": "https" } }), !isDeno],
    ["a bare request", bare("https://a/"), !isDeno],
    ["a bare request behind a proxy", bare("https://a/", { "x-forwarded-proto": "https" }), false],
    ["a plain bare request", bare("http://a/"), false],
  ])("say whether it is secure: %s", (_what, request, secure) => {
    expect(factsOf(request).secure).toBe(secure);
  });
});

test("the address is that of the peer, before it that of srvx", () => {
  const connection = factsOf({ ...bare("http://a/"), ip: "::1" });
  expect(connection.remoteAddress).toBe("::1");
  connection.raw = { remoteAddress: "::2" } as never;
  expect(connection.remoteAddress).toBe("::2");
});

test("an abort destroys the socket, where there is one", () => {
  const destroy = vi.fn();
  const connection = factsOf({ ...bare("http://a/"), ...node({ socket: { destroy } }) });
  connection.abort();
  expect([connection.isAborted, destroy.mock.calls.length]).toEqual([true, 1]);
  const without = factsOf(bare("http://a/"));
  without.abort();
  expect(without.isAborted).toBe(true);
});
