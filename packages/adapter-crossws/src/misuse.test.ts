import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import { expect, test } from "vitest";
import { type Codec, dcrf, guard, json, serve } from "./index.js";

const open = definePolicy({ permissions: AllowAny });
const consumer = defineConsumer().action("echo", AllowAny, ({ payload }) => payload);
const withOptions = (options: object) => guard({}, open, options as never);
const { decode, denied } = json() as Codec;

test.each<[string, () => unknown, string]>([
  ["no hooks", () => guard(undefined as never, open), "guard() got undefined as `hooks`: give an object of hooks"],
  [
    "an unknown hook",
    () => guard({ frame() {} } as never, open),
    "guard() got the hook `frame`, which it cannot guard: the hooks are upgrade, open, message",
  ],
  ["a misspelt hook", () => guard({ mesage() {} } as never, open), "did you mean `message`?"],
  ["a guard in the place of its hooks", () => guard({}, open).upgrade, "write `websocket: guarded.hooks`"],
  ["null as hooks", () => guard(null as never, open), "guard() got null as `hooks`: give an object of hooks"],
  ["a list of hooks", () => guard([] as never, open), "as `hooks`: give an object of hooks"],
  ["a hook that is a text", () => guard({ open: "x" } as never, open), 'guard() got "x" as `open`: give a function'],
  ["no policy", () => guard({}, {} as never), "guard() got an object as its policy"],
  ["an unknown option", () => withOptions({ authenticat: () => ({}) }), "authenticat"],
  ["a wrong codec", () => withOptions({ codec: { decode() {} } }), "as `codec`"],
  ["a wrong way to refuse", () => withOptions({ refuse: "drop" }), "as `refuse`"],
  ["a challenge with a line break", () => withOptions({ challenge: "a\r\nb: c" }), "as `challenge`"],
  ["no number of bytes", () => withOptions({ maxPayload: Number.NaN }), "`maxPayload`"],
  ["a text of bytes", () => withOptions({ maxPayload: "10" }), "`maxPayload`: give a number of bytes above 0"],
  ["no bytes", () => withOptions({ maxPayload: 0 }), "`maxPayload`: give a number of bytes above 0"],
  ["hooks as an option of guard()", () => withOptions({ hooks: {} }), "hooks"],
  ["a policy to serve", () => serve(open as never), "serve() needs a consumer"],
  [
    "a message hook beside a consumer",
    () => serve(consumer, { hooks: { message() {} } as never }),
    "the consumer answers",
  ],
  [
    "a renewal without a stream",
    () =>
      withOptions({
        codec: dcrf({ multiplex: ["chat"] }),
        identify: () => null,
        authenticate: () => ({ user: null }),
        continuity: continuity({ renew: { action: "auth.renew" } }),
      }),
    'no stream for "auth.renew"',
  ],
  ["a codec without reply()", () => serve(consumer, { codec: { decode, denied } }), "reply()"],
])("%s throws", (_what, misuse, message) => {
  expect(misuse).toThrow(PermissionMisuse);
  expect(misuse).toThrow(message);
});

test("a hook that is undefined counts as left out", () => {
  expect(() => guard({ open: undefined } as never, open)).not.toThrow();
});
