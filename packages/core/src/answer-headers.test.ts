import { expect, test } from "vitest";
import { addAnswerHeader, openAnswerHeaders, takeAnswerHeaders } from "./answer-headers.js";

test("headers are kept in order, repeated ones too, until they are taken", () => {
  const request = {};
  openAnswerHeaders(request);
  expect(addAnswerHeader(request, "Set-Cookie", "a=1")).toBe(true);
  expect(addAnswerHeader(request, "Set-Cookie", "b=2")).toBe(true);
  expect(takeAnswerHeaders(request)).toEqual([
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
  ]);
  expect(addAnswerHeader(request, "Set-Cookie", "c=3")).toBe(false);
  expect(takeAnswerHeaders(request)).toEqual([]);
});

test("nothing is kept where nobody will send it", () => {
  for (const request of [{}, undefined, null, "request"]) expect(addAnswerHeader(request, "X", "1")).toBe(false);
});

test("a rule that never stops adding does not fill the memory", () => {
  const request = {};
  openAnswerHeaders(request);
  for (let count = 0; count < 1000; count++) addAnswerHeader(request, "X", String(count));
  expect(takeAnswerHeaders(request)).toHaveLength(64);
});

test("they are no property that a handshake shows", () => {
  const request = {};
  openAnswerHeaders(request);
  expect(Object.keys(request)).toEqual([]);
});
