import { expect, test } from "vitest";
import { json } from "../codecs/json.js";
import { FRAME_OPTIONS, type FrameOptions, readFrameOptions } from "./frame-options.js";

test("options that are left out have their defaults", () => {
  const { codec, ...rest } = readFrameOptions("guard()", {}, false);
  expect(rest).toEqual({ refuse: "status", challenge: "Bearer" });
  expect(codec.decode('{"action":"ping"}', {} as never)).toMatchObject({ action: "ping" });
});

test("options that are given are kept", () => {
  const given = { codec: json(), denied: () => "no", refuse: "close", challenge: 'Basic realm="x"' } as const;
  expect(readFrameOptions("serve()", given, true)).toEqual(given);
  expect(Object.keys(given)).toEqual([...FRAME_OPTIONS]);
});

test.each<[FrameOptions, string]>([
  [{ refuse: "never" as "close" }, 'guard() got a wrong `refuse`: write "status" or "close"'],
  [{ challenge: "a\nb" }, "guard() got a wrong `challenge`: give a header value, as in 'Bearer realm=\"app\"'"],
  [{ challenge: 1 as never }, "guard() got a wrong `challenge`"],
  [{ codec: {} as never }, "guard() got a wrong `codec`"],
  [{ denied: "no" as never }, "guard() got a wrong `denied`: give a function, as in (refusal) =>"],
])("wrong options %j are refused", (options, message) => {
  expect(() => readFrameOptions("guard()", options, false)).toThrow(message);
});

test("a codec without reply() cannot serve", () => {
  const codec = { decode: () => ({ action: "a" }), denied: () => undefined };
  expect(readFrameOptions("guard()", { codec }, false).codec).toBe(codec);
  expect(() => readFrameOptions("serve()", { codec }, true)).toThrow("without reply()");
});
