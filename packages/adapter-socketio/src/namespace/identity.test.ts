import type { Scope } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { principalOf } from "./identity.js";

const of = (scope: object) => principalOf("g", scope as Scope);
const ofUser = (user: unknown) => of({ user });
const stored = (...identity: string[]) => JSON.stringify(["g", JSON.stringify(identity)]);

describe("the principal of nobody", () => {
  test.each([[{}], [{ user: null }], [{ user: undefined }]])("is known for the scope %j", (scope) => {
    expect(of(scope)).toBe('["g","anonymous"]');
  });

  test.each([[{ member: { id: 1 } }], [{ user: null, tenant: "x" }]])("is unknown for the scope %j", (scope) => {
    expect(of(scope)).toBeUndefined();
  });
});

describe("the principal of a user", () => {
  class Id {
    constructor(readonly hex: unknown) {}
    toHexString() {
      if (this.hex instanceof Error) throw this.hex;
      return this.hex;
    }
  }

  test.each([
    ["a text", "ann", ["", "string", "ann"]],
    ["the text for nobody", "anonymous", ["", "string", "anonymous"]],
    ["a number", 7, ["", "number", "7"]],
    ["a bigint", 7n, ["", "bigint", "7"]],
    ["an id", { id: 1, tenant: "x" }, ["id", "number", "1"]],
    ["an id that is a text", { id: "1" }, ["id", "string", "1"]],
    ["an id of MongoDB", { _id: new Id("a1") }, ["_id", "object", "a1"]],
  ])("is known by %s", (_what, user, identity) => {
    expect(ofUser(user)).toBe(stored(...identity));
  });

  test("belongs to one guard, whatever else is in the scope", () => {
    expect(of({ user: "ann", tenant: "x" })).toBe(ofUser("ann"));
    expect(principalOf("h", { user: "ann" } as unknown as Scope)).not.toBe(ofUser("ann"));
  });

  test.each([
    ["no text", ""],
    ["blanks", " "],
    ["no number", Number.NaN],
    ["a boolean", true],
    ["nothing that identifies", { role: "x" }],
    ["an id that is an object", { id: { a: 1 } }],
    ["an id with another `toHexString`", { id: { toHexString: { call: () => "a1" } } }],
    ["an id of MongoDB without a text", { id: new Id("") }],
    ["an id of MongoDB with a number", { id: new Id(1) }],
    ["an id of MongoDB that throws", { id: new Id(new Error("down")) }],
  ])("is unknown with %s", (_what, user) => {
    expect(ofUser(user)).toBeUndefined();
  });

  test("is unknown where a getter throws", () => {
    const user = {
      get id() {
        throw new Error("down");
      },
    };
    expect(ofUser(user)).toBeUndefined();
  });
});
