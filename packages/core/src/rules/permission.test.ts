import { describe, expect, it } from "vitest";
import { act, actNow } from "../../test/support.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { Context, StandardResult, StandardSchema } from "../types.js";
import { BasePermission, isPermissionClass } from "./base-permission.js";
import { AllowAny } from "./built-in/allow-any.js";
import { and } from "./combinators/and.js";
import { not } from "./combinators/not.js";
import { or } from "./combinators/or.js";
import { permission } from "./function-rule.js";
import { isPermission } from "./permission.js";

const build = permission as (...given: unknown[]) => unknown;

describe("permission", () => {
  it.each([undefined, null, "", 1, () => true])("refuses %o as its name", (name) => {
    expect(() => build(name, () => true)).toThrow(PermissionMisuse);
    expect(() => build(name, () => true)).toThrow('as its name: write permission("isMember", ({ scope }) => ...)');
  });

  it.each([undefined, null, 1, "yes"])("refuses %j as its rule", (rule) => {
    expect(() => build("x", rule)).toThrow('permission("x") got');
    expect(() => build("x", rule)).toThrow("give a function, or { connect, action, object }");
  });

  it.each([2, 3, 4])("refuses a function of %i parameters, which a class has", (count) => {
    const parameters = ["scope", "consumer", "action", "payload"].slice(0, count).join(", ");
    const rule = new Function(`return (${parameters}) => true`)();
    const message = `permission("x") got a function of ${count} parameters: a rule gets one context, as in ({ scope, payload }) => ...`;
    const build = permission as (...given: unknown[]) => unknown;
    const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ value: {} }) } };
    for (const given of [
      [rule],
      [{ connect: rule }],
      [{ action: () => true, object: rule }],
      [{ payload: schema }, rule],
    ]) {
      expect(() => build("x", ...given)).toThrow(new PermissionMisuse(message));
    }
    expect(build("x", (_context: unknown, _extra = 1) => true)).toMatchObject({ name: "x" });
  });

  it("refuses generators, which answer nothing", () => {
    const parsed: StandardSchema = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
    const generators = [function* () {}, async function* () {}, { *act() {} }.act];
    for (const rule of generators) {
      for (const given of [
        [rule],
        [{ connect: rule }],
        [{ action: rule }],
        [{ object: rule }],
        [{ payload: parsed }, rule],
      ]) {
        expect(() => build("x", ...given)).toThrow('permission("x") got a generator: give a function');
      }
    }
    expect(() => build("x", async () => true)).not.toThrow();
  });

  it("refuses unknown parts, and parts that are no functions", () => {
    expect(() => build("x", { hasPermission: () => true })).toThrow(
      'permission("x") has no part `hasPermission`: the parts are connect, action and object',
    );
    expect(() => build("x", { action: true })).toThrow('permission("x") got true as `action`: give a function');
    expect(() => build("x", { action: undefined })).toThrow(PermissionMisuse);
    expect(() => build("x", {})).toThrow(
      'permission("x") answers nothing: give at least one of connect, action and object',
    );
  });

  it("does not see what is changed in its parts afterwards", () => {
    const parts = { action: () => false };
    const rule = permission("x", parts);
    parts.action = () => true;
    expect(actNow(rule)).toMatchObject({ outcome: "deny" });
  });
});

describe("isPermission and isPermissionClass", () => {
  it("recognize permissions of all kinds, of any copy", () => {
    const marker = Symbol.for("@portcullis/core/Permission");
    class OfAnotherCopy {
      get [marker]() {
        return "class";
      }
      hasPermission() {
        return true;
      }
    }
    for (const one of [new AllowAny(), permission("x", () => true), and(AllowAny), new OfAnotherCopy()]) {
      expect(isPermission(one)).toBe(true);
      expect(isPermissionClass(one)).toBe(false);
    }
    for (const one of [AllowAny, BasePermission, OfAnotherCopy]) {
      expect(isPermissionClass(one)).toBe(true);
      expect(isPermission(one)).toBe(false);
    }
    expect(actNow(OfAnotherCopy as never)).toMatchObject({ outcome: "allow", by: "OfAnotherCopy" });
  });

  it.each([undefined, null, true, "AllowAny", {}, [], () => true, class Other {}])("%o is none", (value) => {
    expect(isPermission(value)).toBe(false);
    expect(isPermissionClass(value)).toBe(false);
  });
});

describe("a schema for the payload", () => {
  /** A schema that takes `{ room: string }`, and makes it lower case. */
  const room = (isLater = false): StandardSchema<unknown, { room: string }> => ({
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value): StandardResult<{ room: string }> | Promise<StandardResult<{ room: string }>> {
        const { room } = value as { room?: unknown };
        const result =
          typeof room === "string"
            ? { value: { room: room.toLowerCase() } }
            : { issues: [{ message: "expected a string", path: ["room"] }, { message: "too odd" }] };
        return isLater ? Promise.resolve(result) : result;
      },
    },
  });
  const inLobby = (isLater = false) =>
    permission("inLobby", { payload: room(isLater) }, ({ payload }) => payload.room === "lobby");

  it("the rule sees what the schema made of it", async () => {
    expect(actNow(inLobby(), {}, { room: "LOBBY" })).toMatchObject({ outcome: "allow" });
    expect(actNow(inLobby(), {}, { room: "attic" })).toMatchObject({ outcome: "deny", by: "inLobby" });
    expect(await act(inLobby(true), {}, { room: "LOBBY" })).toMatchObject({ outcome: "allow" });
    expect(await act(inLobby(true), {}, { room: "attic" })).toMatchObject({ outcome: "deny" });
  });

  const invalid = {
    outcome: "error",
    code: "invalid_input",
    status: 400,
    reason: "room: expected a string; too odd",
    issues: [{ message: "expected a string", path: ["room"] }, { message: "too odd" }],
    by: "inLobby",
  };

  it.each([false, true])("a mismatch is `invalid_input`, which `not` keeps (later: %s)", async (isLater) => {
    for (const rule of [inLobby(isLater), not(inLobby(isLater)), and(inLobby(isLater), AllowAny)]) {
      expect(await act(rule, {}, { room: { $ne: null } })).toMatchObject(invalid);
    }
    expect(await act(or(inLobby(isLater), AllowAny), {}, {})).toMatchObject({ outcome: "allow" });
  });

  it("the context is complete, with a lazy `signal`", () => {
    const given: unknown[] = [];
    const rule = permission("x", { payload: room() }, (context) => {
      const { scope, consumer, action, signal } = context as Context<{ user: string }>;
      given.push(scope.user, consumer.id, action, signal.aborted);
      return true;
    });
    expect(actNow(rule, { user: "alice" }, { room: "a" })).toMatchObject({ outcome: "allow" });
    expect(given).toEqual(["alice", "1", "act", false]);
  });

  it.each([
    ["throws", () => raise()],
    ["rejects", () => Promise.reject(new Error("down"))],
    ["answers nothing", () => undefined],
    ["answers text", () => "valid"],
  ])("a schema that %s is a fault", async (_, validate) => {
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } } as unknown as StandardSchema;
    const rule = permission("x", { payload: schema as StandardSchema<unknown, Record<string, unknown>> }, () => true);
    expect(await act(rule)).toMatchObject({ outcome: "error", code: "permission_error" });
    expect(await act(not(rule))).toMatchObject({ outcome: "error" });
  });

  it("refuses other values than schemas, and missing rules", () => {
    for (const schema of [undefined, null, {}, { "~standard": {} }, { parse() {} }]) {
      expect(() => build("x", { payload: schema }, () => true)).toThrow(
        'permission("x") got a `payload` that is no Standard Schema: give one of zod, valibot, arktype or the like',
      );
    }
    expect(() => build("x", { payload: room() })).toThrow(
      'permission("x", { payload }) got undefined: give the function as third argument',
    );
  });
});

function raise(): never {
  throw new Error("down");
}
