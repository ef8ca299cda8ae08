import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { readField } from "./form-body.js";

/** A request with a body that a middleware has read, or with one to read. */
function request(body: unknown, text?: string) {
  const message = Object.assign(new IncomingMessage(new Socket()), { body });
  if (text !== undefined) message.push(text);
  message.push(null);
  return message;
}

test.each<[string, unknown, string | undefined, string | undefined]>([
  ["an object", { token: "a" }, undefined, "a"],
  ["an object with a list", { token: ["a", "b"] }, undefined, undefined],
  ["an object that inherits it", Object.create({ token: "a" }), undefined, undefined],
  ["a text", "x=1&token=a", "token=b", "a"],
  ["null", null, "token=b", "b"],
  ["a text without it", "x=1", "token=b", undefined],
  ["undefined", undefined, "x=1&token=b", "b"],
])("a field is read from a body that is %s", async (_what, body, text, value) => {
  expect(await readField(request(body, text), "token")).toBe(value);
});

test("a body of 65,536 bytes is read, a larger one not", async () => {
  const value = "x".repeat(65_536 - "token=".length);
  expect(await readField(request(undefined, `token=${value}`), "token")).toBe(value);
  expect(await readField(request(undefined, `token=${value}x`), "token")).toBeUndefined();
});

test("a field of the name `undefined` is no large body", async () => {
  expect(await readField(request(undefined, "x".repeat(70_000)), "undefined")).toBeUndefined();
});
