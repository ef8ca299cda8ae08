import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { tellDeafListener } from "./deaf-listeners.js";

/** The hints about an event of a socket that listens to `say`. */
function hintsAbout(data: unknown, given: { served?: object | undefined; givesHints?: boolean } = {}) {
  const hints: string[] = [];
  const socket = new EventEmitter().on("say", () => {});
  const gate = { served: {}, givesHints: true, hintOnce: (hint: string) => hints.push(hint), ...given };
  tellDeafListener(socket as never, { type: 2, data }, gate as never);
  return hints;
}

test("a listener behind serve() is told that it hears nothing", () => {
  expect(hintsAbout(["say", 1])).toEqual([
    expect.stringMatching(/^`socket\.on\("say"\)` hears nothing behind serve\(\)/),
  ]);
});

test.each([
  ["an event without a listener", ["other"], {}],
  ["an event without a name", [], {}],
  ["an event whose name is no text", [["say"]], {}],
  ["a packet without data", undefined, {}],
  ["a packet with other data", { 0: "say" }, {}],
  ["a guard that serves nothing", ["say"], { served: undefined }],
  ["a guard that gives no hints", ["say"], { givesHints: false }],
])("nobody is told of %s", (_which, data, given) => {
  expect(hintsAbout(data, given)).toEqual([]);
});
