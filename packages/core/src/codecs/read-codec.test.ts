import { describe, expect, test } from "vitest";
import { PermissionMisuse } from "../decision/errors.js";
import { show } from "../util/show.js";
import { json } from "./json.js";
import { readCodec } from "./read-codec.js";

const words = { decode: () => ({ action: "a" }), denied: () => undefined };

test("the codec of a guard is dcrf() by default", () => {
  const decoded = readCodec("guard()").decode('{"action":"join","request_id":1}', {} as never);
  expect(decoded).toMatchObject({ action: "join", id: 1 });
});

test("a codec is used as it is", () => {
  const codec = json();
  expect([readCodec("guard()", words), readCodec("serve()", codec, "handlers")]).toEqual([words, codec]);
});

test.each([null, 5, "json", {}, JSON, { decode() {} }, { denied() {} }, { ...words, denied: 5 }])(
  "%j is no codec",
  (wrong) => {
    expect(() => readCodec("guard()", wrong as never)).toThrow(
      new PermissionMisuse(
        `guard() got ${show(wrong)} as \`codec\`: give dcrf(), json(), jsonRpc() or { decode, denied }`,
      ),
    );
  },
);

describe.each(["reply", "join", "notify"])("a codec whose %s is no function", (name) => {
  test.each([5, null])("is refused by name, with %j", (method) => {
    const message = `guard() got ${method} as \`codec.${name}\`: give a function`;
    expect(() => readCodec("guard()", { ...words, [name]: method } as never)).toThrow(new PermissionMisuse(message));
  });

  test("is refused where its class has the method", () => {
    const codec = Object.create({ ...words, [name]: 5 });
    expect(() => readCodec("guard()", codec)).toThrow(`\`codec.${name}\``);
  });
});

test("a codec without reply() can neither serve nor renew", () => {
  expect(() => readCodec("serve()", words, "handlers")).toThrow(
    new PermissionMisuse("serve() got a `codec` without reply(), by which handlers answer: add reply(request, data)"),
  );
  expect(() => readCodec("guard()", words, "renewals")).toThrow(
    new PermissionMisuse(
      "guard() got a `codec` without reply(), by which `renew` of continuity() answers: add reply(request, data)",
    ),
  );
});

test("a codec of one's own has a right heartbeat", () => {
  expect(() => readCodec("guard()", { ...words, heartbeat: { ping: "", pong: "" } })).toThrow(
    "the codec of guard() got",
  );
});
