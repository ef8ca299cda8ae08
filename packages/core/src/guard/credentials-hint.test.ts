import { describe, expect, test } from "vitest";
import { credentialsHint } from "./credentials-hint.js";

const place = (names: string) =>
  `authenticate() has found no user so far, and a client had ${names}: does it read the credentials from there?`;

/** The hint for a client whom nobody could identify. */
function hint(scope: object, more: object = {}, code = "not_authenticated"): string | undefined {
  const bare = { headers: {}, cookies: {}, query: {}, user: null };
  const refused = { decision: { code }, authenticates: true, hasSignedIn: false, ...more };
  return credentialsHint({ ...refused, scope: { ...bare, ...scope } } as never);
}

const bearer = { headers: { authorization: "Bearer x" } };

describe("credentials that nobody reads", () => {
  test.each<[string, object, string]>([
    ["a header", bearer, "`headers.authorization`"],
    ["a cookie", { cookies: { sid: "1", theme: "dark" } }, "`cookies.sid`"],
    ["a query", { query: { apikey: "1", sid: "of the transport" } }, "`query.apikey`"],
    ["a handshake of socket.io", { auth: { token: "x" } }, "`handshake.auth.token`"],
    ["subprotocols", { headers: { "sec-websocket-protocol": "app, x" } }, "`headers.sec-websocket-protocol`"],
  ])("in %s are named", (_what, scope, names) => {
    expect(hint(scope)).toBe(place(names));
  });

  test("are named up to eight", () => {
    const headers = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`x-token-${at}`, "x"]));
    expect(hint({ headers })?.match(/x-token-\d/g)).toHaveLength(8);
  });

  test.each<[string, object]>([
    ["one subprotocol", { headers: { "sec-websocket-protocol": "json" } }],
    ["names that contain one", { cookies: { aside: "1" }, query: { keyboard: "1", monkey: "1" } }],
    ["nothing", {}],
    ["a user", { ...bearer, user: { id: 1 } }],
    ["no `user` in the scope", { ...bearer, user: undefined }],
  ])("are not seen in %s", (_what, scope) => {
    expect(hint(scope)).toBeUndefined();
  });

  test("are not told of another refusal", () => {
    expect(hint(bearer, {}, "permission_denied")).toBeUndefined();
  });

  test.each([{ authenticates: false }, { hasSignedIn: true }])("are not told where %j", (more) => {
    expect(hint(bearer, more)).toBeUndefined();
  });
});
