import { AllowAny, definePolicy, type HandshakeFacts } from "@portcullis/core";
import { expect, test } from "vitest";
import { Wire } from "../../../test/connection.js";
import { Gate } from "../gate.js";

/** The facts that `authenticate` gets for a handshake. */
function factsOf(handshake: object): HandshakeFacts {
  let given: HandshakeFacts | undefined;
  const gate = new Gate<unknown>("guard()", definePolicy({ permissions: AllowAny }), {
    origins: "*",
    authenticate(_client, facts) {
      given = facts;
    },
  });
  gate.admit(Object.assign(new Wire(), { createScope: undefined }, handshake) as never);
  return given as HandshakeFacts;
}

test("authenticate gets the facts of the handshake", () => {
  const request = {};
  const facts = factsOf({
    path: "/chat",
    url: "/chat?token=1&room=a&room=b",
    headers: { cookie: "sid=5", origin: "https://app.example", "x-a": "1" },
    remoteAddress: "::1",
    request,
  });
  const { path, query, headers, cookies, origin, remoteAddress, signal } = facts;
  expect({ path, query, cookies, origin, remoteAddress }).toEqual({
    path: "/chat",
    query: { token: "1", room: ["a", "b"] },
    cookies: { sid: "5" },
    origin: "https://app.example",
    remoteAddress: "::1",
  });
  expect([headers["x-a"], signal.aborted]).toEqual(["1", false]);
  expect(facts.request).toBe(request);
});

test("facts have no user and no object", () => {
  const facts = factsOf({ headers: {} });
  expect("user" in facts || "object" in facts || "scope" in facts).toBe(false);
});
