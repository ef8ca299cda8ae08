import { describe, expect, test } from "vitest";
import { type BareServer, lacking, lackOf, override, recoveryTimeOf } from "./socketio-internals.js";

test.each([
  ["two minutes by default", {}, 120_000],
  ["as long as the server says", { maxDisconnectionDuration: 5 }, 5],
  ["never where that is no time", { maxDisconnectionDuration: 0 }, 0],
  ["never without the option", undefined, 0],
])("a session is restored %s", (_when, connectionStateRecovery, expected) => {
  expect(recoveryTimeOf({ opts: { connectionStateRecovery } } as BareServer)).toBe(expected);
});

describe("a missing method", () => {
  const nothing = () => {};

  test("is the first of the list that is no function", () => {
    expect(lacking({ a: nothing, b: 1 }, ["a", "b", "c"])).toBe("b");
    expect(lacking({ a: nothing }, ["a"])).toBeUndefined();
    expect(lacking(undefined, ["a"])).toBe("a");
  });

  test.each(["onevent", "packet", "_onclose", "_cleanup", "_error"])("of a socket may be `%s`", (name) => {
    const all = ["onevent", "packet", "_onclose", "_cleanup", "_error"];
    const socket = Object.fromEntries(all.map((method) => [method, nothing]));
    expect(lackOf(socket)).toBeUndefined();
    expect(lackOf({ ...socket, [name]: undefined })).toBe(name);
  });
});

test("an overridden method is hidden, and may be replaced and deleted", () => {
  class Given {
    say() {
      return "class";
    }
  }
  const given: { say?: () => string } = new Given();
  override(given, "say", () => "own");
  expect([given.say?.(), Object.keys(given)]).toEqual(["own", []]);
  given.say = () => "replaced";
  expect(given.say()).toBe("replaced");
  Reflect.deleteProperty(given, "say");
  expect(given.say()).toBe("class");
});
