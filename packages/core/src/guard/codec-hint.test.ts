import { expect, test } from "vitest";
import { codecFor } from "./codec-hint.js";

test.each(["action", "event", "cmd", "command", "method", "op", "kind", "name"])(
  "the key %s names the action",
  (key) => {
    expect(codecFor({ [key]: "go", id: 1 })).toBe(`use \`codec: json({ action: "${key}" })\``);
  },
);

test("the default key needs no option", () => {
  expect(codecFor({ type: "go" })).toBe("use `codec: json()`");
});

test("a message without a known key gets a blank", () => {
  expect(codecFor({ foo: "go" })).toBe('use `codec: json({ action: "..." })` with the key that names the action');
});
