import { deny } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { limitsOf } from "../../test/stub-connection.js";
import { sizeOf } from "../engine/approximate-size.js";
import type { BareSocket } from "../socketio-internals.js";
import { authTooLarge, connectError, readMiddlewareError, tooOften } from "./refusal.js";

describe("a refusal at connect", () => {
  test("has its reason as the message", () => {
    const { message, data } = connectError(deny("no", { reason: "Not today." }));
    expect([message, data]).toEqual(["Not today.", { code: "no", status: 403, reason: "Not today.", retry: "never" }]);
  });

  test("has its code as the message where the reason is empty", () => {
    expect(connectError(deny("no", { reason: "" })).message).toBe("no");
  });
});

describe("a refusal of a middleware", () => {
  const encoded: object[] = [];
  const encoder = { encode: (packet: object) => encoded.push(packet) };
  const socketOf = (client: object) => ({ client, nsp: { name: "/a" } }) as unknown as BareSocket;

  test("has the message and the data that socket.io sends", () => {
    const value = Object.assign(new Error("no"), { data: { by: "me" }, secret: 1 });
    const { error, size } = readMiddlewareError(value, socketOf({ encoder }));
    expect(error).toEqual({ message: "no", data: { by: "me" } });
    expect(size).toBe(sizeOf(["no", { by: "me" }]));
    expect(encoded).toEqual([{ type: 4, nsp: "/a", data: { message: "no", data: { by: "me" } } }]);
  });

  test.each(["no", 1, null])("may be %j, which has neither", (value) => {
    const { error } = readMiddlewareError(value, socketOf({}));
    expect(error).toEqual({ message: undefined, data: undefined });
  });
});

test("a client that asks too often waits for the window, rounded up", () => {
  const decision = tooOften(limitsOf({ undecodableWindow: 1_001 }));
  expect(decision).toMatchObject({ code: "rate_limited", status: 429, retryAfter: 2 });
});

test("an `auth` that is too large is refused with its reason", () => {
  const reason = "What was given as `auth` is too large.";
  expect(authTooLarge()).toMatchObject({ code: "payload_too_large", status: 413, reason });
});
