import { expect, test } from "vitest";
import { readLogoutToken } from "./logout-token.js";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const CLAIMS = { sub: "ann", sid: "s1", jti: "j", iat: 1, exp: 2, events: { [EVENT]: {} } };

test.each<[string, object, object]>([
  ["a user and a session", {}, { sub: "ann", sid: "s1", jti: "j" }],
  ["a user alone", { sid: undefined }, { sub: "ann", jti: "j" }],
  ["a session alone", { sub: "" }, { sid: "s1", jti: "j" }],
])("a token about %s is read", (_what, claims, token) => {
  expect(readLogoutToken({ ...CLAIMS, ...claims })).toEqual(token);
});

const NO_EVENT = "The token has no logout event.";

test.each<[object, string]>([
  [{ jti: undefined }, "The token has no `jti`."],
  [{ jti: 7 }, "The token has no `jti`."],
  [{ jti: "" }, "The token has no `jti`."],
  [{ iat: undefined }, "The token has no `iat`."],
  [{ iat: "1" }, "The token has no `iat`."],
  [{ iat: Number.POSITIVE_INFINITY }, "The token has no `iat`."],
  [{ exp: undefined }, "The token has no `exp`."],
  [{ events: undefined }, NO_EVENT],
  [{ events: null }, NO_EVENT],
  [{ events: EVENT }, NO_EVENT],
  [{ events: {} }, NO_EVENT],
  [{ events: Object.create({ [EVENT]: {} }) }, NO_EVENT],
  [{ events: { [EVENT]: null } }, NO_EVENT],
  [{ events: { [EVENT]: "yes" } }, NO_EVENT],
  [{ events: Object.assign(() => undefined, { [EVENT]: {} }) }, NO_EVENT],
  [{ nonce: "" }, "The token has a `nonce`, which a logout token must not have."],
  [{ sub: undefined, sid: "" }, "The token has neither `sub` nor `sid`."],
  [{ sid: "undefined" }, "The `sid` of the token is no id."],
  [{ sid: "x".repeat(1_017) }, "The `sid` of the token is no id."],
  [{ sub: "a\0" }, "The `sub` of the token is no id."],
])("claims with %j are refused with a reason", (claims, reason) => {
  expect(readLogoutToken({ ...CLAIMS, ...claims })).toBe(reason);
});
