import { memoryRevocations } from "@portcullis/core/continuity";
import { describe, expect, test } from "vitest";
import { backChannelLogout } from "./back-channel-logout.js";

const RIGHT = {
  issuer: "https://id.example",
  audience: "app",
  jwks: { keys: [{ kty: "oct", k: "AA" }] },
  revocations: memoryRevocations(),
};

test("right options make a handler", () => {
  expect(backChannelLogout(RIGHT)).toBeTypeOf("function");
});

describe("backChannelLogout() throws for", () => {
  test.each<[string, object, string]>([
    ["no issuer", { issuer: "" }, "`issuer`"],
    ["no audience", { audience: undefined }, "`audience`"],
    ["no keys", { jwks: undefined }, "or { keys }"],
    ["an empty list of keys", { jwks: { keys: [] } }, "or { keys }"],
    ["the address of keys as a text", { jwks: "https://id.example/jwks" }, "or { keys }"],
    ["no revocations", { revocations: {} }, "memoryRevocations()"],
    ["subjects that are no function", { subjects: "user:1" }, "`subjects`"],
    ["an unknown option", { jwk: {} }, "`jwks`"],
  ])("%s", (_what, wrong, message) => {
    expect(() => backChannelLogout({ ...RIGHT, ...wrong } as never)).toThrow(message);
  });
});
