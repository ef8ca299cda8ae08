import { expect, test, vi } from "vitest";
import { json } from "../codecs/json.js";
import { jsonRpc } from "../codecs/json-rpc.js";
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
  [{ refuse: "never" as "close" }, 'as `refuse`: write "status" or "close"'],
  [{ challenge: "a\nb" }, "as `challenge`: give a header value, as in 'Bearer realm=\"app\"'"],
  [{ challenge: 1 as never }, "as `challenge`"],
  [{ codec: {} as never }, "as `codec`"],
  [{ denied: "no" as never }, "as `denied`: give a function, as in (refusal) =>"],
])("wrong options %j are refused", (options, message) => {
  expect(() => readFrameOptions("guard()", options, false)).toThrow(message);
});

test("a codec without reply() cannot serve", () => {
  const codec = { decode: () => ({ action: "a" }), denied: () => undefined };
  expect(readFrameOptions("guard()", { codec }, false).codec).toBe(codec);
  expect(() => readFrameOptions("serve()", { codec }, true)).toThrow("without reply(), by which handlers answer");
});

test("a guard with renewals needs a codec that answers them", () => {
  const codec = { decode: () => ({ action: "a" }), denied: () => undefined };
  const renewing = { codec, continuity: { "~renews": "renew", "~attach": vi.fn() } };
  expect(() => readFrameOptions("guard()", renewing, false)).toThrow(
    "guard() got a `codec` without reply(), by which `renew` of continuity() answers",
  );
  const lasting = { codec, continuity: { "~renews": undefined, "~attach": vi.fn() } };
  expect(readFrameOptions("guard()", lasting, false).codec).toBe(codec);
});

test("a codec without hints is used as it is", () => {
  const codec = jsonRpc();
  expect(readFrameOptions("guard()", { codec, hints: true }, false).codec).toBe(codec);
});

test("a codec that tells no client of its end is told", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const continuity = { "~renews": undefined, "~attach": vi.fn() };
  const { notify, ...silent } = json();
  readFrameOptions("guard()", { codec: json(), continuity, hints: true }, false);
  readFrameOptions("guard()", { codec: silent, hints: true }, false);
  readFrameOptions("guard()", { codec: silent, continuity, hints: false }, false);
  expect(warn).not.toHaveBeenCalled();
  readFrameOptions("guard()", { codec: silent, continuity, hints: true }, false);
  expect(warn.mock.calls).toEqual([
    [expect.stringContaining("the `codec` has no notify(), so no client is told that its identity ends")],
  ]);
  warn.mockRestore();
});

test("a payload in another key than json() knows is told once", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const decode = (message: object, options: object = { hints: true }, codec = json()) =>
    readFrameOptions("guard()", { codec, ...options }, false).codec.decode(JSON.stringify(message), {} as never);
  const nested = { type: "go", id: 1, payload: { room: "vault" } };
  for (const message of [
    { type: "go", payload: "vault" },
    { type: "go", payload: ["vault"] },
    { type: "go", payload: {}, room: "vault" },
    { type: "go", position: { x: 1 } },
    { payload: {} },
    { type: 5, payload: {} },
    [],
  ]) {
    decode(message);
  }
  decode(nested, { hints: false });
  decode(nested, {});
  decode(nested, { hints: true }, json({ payload: "payload" }));
  decode({ type: "go", payload: { data: {} } }, { hints: true }, json({ payload: "payload" }));
  expect(warn).not.toHaveBeenCalled();
  const { codec } = readFrameOptions("guard()", { codec: json(), hints: true }, false);
  for (const _turn of [1, 2]) {
    expect(codec.decode(JSON.stringify(nested), {} as never)).toMatchObject({ action: "go", id: 1 });
  }
  expect(warn.mock.calls).toEqual([[expect.stringContaining('use `json({ payload: "payload" })`')]]);
  warn.mockRestore();
});
