import { afterEach, describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/connection.js";
import { deny, fault } from "../decision/answers.js";
import type { Decision } from "../decision/decision-types.js";
import { PermissionDenied } from "../decision/errors.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { DenyAll } from "../rules/built-in/deny-all.js";
import { permission } from "../rules/function-rule.js";
import { definePolicy } from "./policy.js";

const HEADERS = { "retry-after": "7" };
const closed = permission("closed", () =>
  deny("room_closed", { reason: "Closed.", status: 409, retryAfter: 7, headers: HEADERS }),
);
const late = permission("late", async () => fault("directory_down", { status: 503 }));
const hasObject = permission("hasObject", { object: ({ object }) => object === 1 });
const policy = definePolicy({
  connect: closed,
  actions: { open: AllowAny, closed, late, edit: { rule: hasObject, objects: "checked-by-handler" } },
});
const scope = {} as never;

describe("can", () => {
  it("answers a promise of a boolean, for sync rules too", async () => {
    const answers = ["open", "closed", "late", "unknown"].map((action) => policy.can(scope, CONSUMER, action));
    expect(answers.every((answer) => answer instanceof Promise)).toBe(true);
    expect(await Promise.all(answers)).toEqual([true, false, false, false]);
  });

  it("takes an object, of which nothing is refused", async () => {
    const can = (object: unknown) => policy.can(scope, CONSUMER, "edit", {}, { object });
    expect(await Promise.all([can(1), can(2), can(undefined), can(null)])).toEqual([true, false, false, false]);
  });

  it("answers the connect question as canConnect", async () => {
    expect(await policy.canConnect(scope, CONSUMER)).toBe(false);
    expect(await definePolicy({ permissions: AllowAny }).canConnect(scope, CONSUMER)).toBe(true);
  });
});

describe("decide with an object", () => {
  it.each([undefined, null])("refuses %s as not found", (object) => {
    expect(policy.decide(scope, CONSUMER, "edit", {}, { object })).toMatchObject({ code: "not_found", status: 404 });
  });

  it("asks about the action where the option is not there", () => {
    expect(policy.decide(scope, CONSUMER, "edit", {}, {})).toMatchObject({ outcome: "allow" });
  });
});

describe("authorize", () => {
  const refusalOf = (asked: Promise<void>) =>
    asked.then(
      () => undefined,
      (error: unknown) => error as PermissionDenied,
    );

  it("resolves to nothing where the action is allowed", async () => {
    expect(await policy.authorize(scope, CONSUMER, "open")).toBeUndefined();
    expect(await policy.authorize(scope, CONSUMER, "edit", {}, { object: 1 })).toBeUndefined();
    expect(await definePolicy({ permissions: AllowAny }).authorizeConnect(scope, CONSUMER)).toBeUndefined();
  });

  it.each([
    ["an action", () => policy.authorize(scope, CONSUMER, "closed")],
    ["a connection", () => policy.authorizeConnect(scope, CONSUMER)],
  ])("rejects with all parts of the denial of %s", async (_what, asked) => {
    const error = await refusalOf(asked());
    expect(PermissionDenied.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      code: "room_closed",
      reason: "Closed.",
      status: 409,
      retryAfter: 7,
      headers: HEADERS,
    });
    expect(error?.message).toBe("Closed.");
    expect(error?.cause).toMatchObject({
      outcome: "deny",
      by: "closed",
      code: "room_closed",
    } satisfies Partial<Decision>);
  });

  it("rejects for a fault and for a missing object", async () => {
    expect(await refusalOf(policy.authorize(scope, CONSUMER, "late"))).toMatchObject({
      code: "directory_down",
      status: 503,
      cause: { outcome: "error" },
    });
    expect(await refusalOf(policy.authorize(scope, CONSUMER, "edit", {}, { object: null }))).toMatchObject({
      code: "not_found",
      status: 404,
    });
  });

  it("rejects an aborted question", async () => {
    const refused = policy.authorize(scope, CONSUMER, "open", {}, { signal: AbortSignal.abort() });
    expect(await refusalOf(refused)).toMatchObject({ code: "aborted" });
  });
});

describe("a forgotten await", () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  afterEach(() => {
    process.off("unhandledRejection", unhandled);
  });

  it("ends no process", async () => {
    void policy.authorize(scope, CONSUMER, "closed");
    void policy.authorize(scope, CONSUMER, "late");
    void policy.authorizeConnect(scope, CONSUMER);
    void definePolicy({ permissions: DenyAll }).authorize(scope, CONSUMER, "any");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).not.toHaveBeenCalled();
  });
});
