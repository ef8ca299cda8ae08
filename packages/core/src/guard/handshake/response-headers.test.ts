import { validateHeaderName, validateHeaderValue } from "node:http";
import { expect, test } from "vitest";
import { addAnswerHeader, isForRules, isHeader, openAnswerHeaders, takeAnswerHeaders } from "./response-headers.js";

test("headers keep their order and repetitions until taken", () => {
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

test("the last header of a name counts, distinct cookies add up", () => {
  const request = {};
  openAnswerHeaders(request);
  const added = [
    ["x-request-id", "6"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["X-Request-Id", "7"],
    ["Set-Cookie", "a=1"],
  ] as const;
  for (const [name, value] of added) addAnswerHeader(request, name, value);
  expect(takeAnswerHeaders(request)).toEqual([
    ["X-Request-Id", "7"],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
});

test("nothing is kept where nobody will send it", () => {
  for (const request of [{}, undefined, null, "request"]) expect(addAnswerHeader(request, "X", "1")).toBe(false);
});

test("endless additions do not fill the memory", () => {
  const request = {};
  openAnswerHeaders(request);
  for (let count = 0; count < 1000; count++) addAnswerHeader(request, "Set-Cookie", `c${count}=1`);
  expect(takeAnswerHeaders(request)).toHaveLength(64);
});

test("they are no property that a handshake shows", () => {
  const request = {};
  openAnswerHeaders(request);
  expect(Object.keys(request)).toEqual([]);
  // The key that copies of other versions use.
  expect(Object.getOwnPropertySymbols(request)).toEqual([Symbol.for("@portcullis/core/answerHeaders")]);
});

test("invalid headers and framing headers are not sent", () => {
  const request = {};
  openAnswerHeaders(request);
  const bad: [string, unknown][] = [
    ["X-Split", "1\r\nX-Injected: yes"],
    ["X-Split", "1\nX-Injected: yes"],
    ["X-Split", "1\r"],
    ["X-Split", "a\0b"],
    ["X-Split", "\u0a0d"],
    ["X-Number", 1],
    ["X Space", "1"],
    ["X\r\nY", "1"],
    ["", "1"],
    [1 as never, "1"],
    ["Connection", "close"],
    ["content-length", "0"],
    ["Content-Encoding", "gzip"],
    ["Sec-WebSocket-Accept", "mine"],
  ];
  for (const [name, value] of bad) addAnswerHeader(request, name, value as string);
  addAnswerHeader(request, "Set-Cookie", "a=1; Path=/");
  expect(takeAnswerHeaders(request)).toEqual([["Set-Cookie", "a=1; Path=/"]]);
});

test("a header is one exactly where Node can send it", () => {
  const answers = (run: () => void) => {
    try {
      run();
      return true;
    } catch {
      return false;
    }
  };
  for (let code = 0; code < 0x300; code++) {
    const character = String.fromCharCode(code);
    expect(isHeader("X", character), `value ${code}`).toBe(answers(() => validateHeaderValue("X", character)));
    expect(isHeader(character, "1"), `name ${code}`).toBe(answers(() => validateHeaderName(character)));
  }
});

test("names that merely resemble framing headers are allowed", () => {
  const names = ["x-connection", "connection-id", "Connection", "sec-websocket-accept"];
  expect(names.map((name) => isForRules(name, "1"))).toEqual([true, true, false, false]);
});
