import express, { type Response } from "express";
import { expect, test } from "vitest";
import { askAction } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { Recording } from "./response-recorder.js";

const app = express();
const DEFAULT = "You do not have permission to perform this action.";

/** JSON of the given length in bytes, with the message `No`. */
const json = (bytes: number) => `{"message":"No","pad":"${"x".repeat(bytes - 25)}"}`;

/** Writes as JSON, piece by piece. */
const pieces =
  (...all: readonly (string | Uint8Array)[]) =>
  (response: Response) => {
    response.type("json");
    for (const one of all) response.write(one);
    response.end();
  };

test.each<[string, (response: Response) => void, string]>([
  ["in one piece", (r) => void r.end("No"), "No"],
  ["in pieces", pieces('{"mess', 'age":"No"}'), "No"],
  ["in bytes", pieces(Buffer.from('{"message"'), new Uint8Array(Buffer.from(':"No"}'))), "No"],
  ["in bytes of a character that is cut in two", pieces('{"message":"', Buffer.of(0xc3), Buffer.of(0xa9), '"}'), "é"],
  ["in another encoding", (r) => void r.end("Tm8=", "base64"), "No"],
  ["in bytes with an encoding, which says nothing of them", (r) => void r.end(Buffer.from("No"), "base64"), "No"],
  ["with a callback", (r) => void r.end("No", () => {}), "No"],
  ["of nothing but a callback", (r) => void r.end(() => {}), DEFAULT],
  ["of the longest length", pieces(json(8192)), "No"],
  ["of the longest length in pieces", pieces(json(8192).slice(0, 4000), json(8192).slice(4000)), "No"],
  ["that is too long", pieces(json(8193)), DEFAULT],
  ["that is too long by its last piece", pieces(json(8192), " "), DEFAULT],
  ["that is too long by its first piece", pieces(" ".repeat(9000), json(100)), DEFAULT],
])("the message of a response is read from a body %s", async (_how, answer, reason) => {
  const rule = fromExpress((_request, response) => answer(response.status(403)), { app });
  expect(await askAction(rule)).toMatchObject({ outcome: "deny", status: 403, reason });
});

const circle: Record<string, unknown> = {};
circle.self = circle;

test.each<[string, unknown, string | undefined]>([
  ["a text", "No", "No"],
  ["bytes", new Uint8Array(Buffer.from("No")), "No"],
  ["a field", { message: "No" }, '{"message":"No"}'],
  ["null", null, "null"],
  ["a field that is called pipe", { pipe: "" }, '{"pipe":""}'],
  ["nothing", undefined, ""],
  ["a stream", { pipe() {}, message: "No" }, ""],
  ["what is no JSON", () => "No", ""],
  ["a circle", circle, ""],
  ["the longest text", "x".repeat(8192), "x".repeat(8192)],
  ["a text that is too long", "x".repeat(8193), undefined],
  ["a text of too many bytes", "é".repeat(4097), undefined],
])("a body that a framework does not write is read from %s", (_what, body, text) => {
  expect(Object.assign(new Recording(), { unwritten: () => body }).text).toBe(text);
});
