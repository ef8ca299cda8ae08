import * as core from "@portcullis/core";
import * as consumers from "@portcullis/core/consumer";
import { explain } from "@portcullis/core/explain";
import { describe, expect, test, vi } from "vitest";
import { CONSUMER, scopeOf } from "./connection.js";

/** A second copy of the package. One build may make the policy that another explains. */
async function another() {
  vi.resetModules();
  return { core: await import("@portcullis/core"), consumers: await import("@portcullis/core/consumer") };
}

const ROOM: core.StandardSchema<unknown, { room: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as { room?: unknown }).room === "string"
        ? { value: value as { room: string } }
        : { issues: [{ message: "no room" }] },
  },
};

/** The same rules, made by the copy. */
function rulesOf({ core: made, consumers: { defineConsumer } }: { core: typeof core; consumers: typeof consumers }) {
  const { AllowAny, IsAuthenticated, abstain, allow, and, definePolicy, deny, fault, not, or, permission } = made;
  const closed = permission("closed", () => deny("closed", { reason: "Closed" }));
  const later = permission("later", async () => allow({ found: 1 }));
  const down = permission("down", () => fault("down"));
  const silent = permission("silent", () => abstain());
  const owns = permission("owns", { object: ({ object }) => object === 1 });
  const broken = permission("broken", () => {
    throw new made.PermissionDenied("broken", { status: 410 });
  });
  const nonsense = permission("nonsense", () => 1 as never);
  const actions = {
    plain: IsAuthenticated,
    and: and(AllowAny, closed, later),
    or: or(closed, and(silent, later), down),
    not: not(or(closed, not(later))),
    faults: or(down, broken, nonsense),
    object: and(AllowAny, owns),
  };
  const policy = definePolicy({ connect: or(closed, later), permissions: or(silent, later), actions });
  const hiding = definePolicy({ permissions: AllowAny, actions, unknownAction: "deny" });
  const consumer = defineConsumer()
    .permissions(AllowAny)
    .action("parsed", and(AllowAny, later), { input: ROOM }, () => 1);
  return { policy, hiding, consumer } as unknown as Record<"policy" | "hiding" | "consumer", core.Policy<core.Scope>>;
}

/** The same without times and errors, which differ from run to run. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  // Each copy has classes of its own.
  if (typeof value !== "object" || value === null) return typeof value === "function" ? undefined : value;
  const told = Object.entries(value).filter(([key]) => key !== "milliseconds" && key !== "error");
  return Object.fromEntries(told.map(([key, inner]) => [key, plain(inner)]));
}

describe("explain() takes a policy of another copy", () => {
  test("says what it says of one of its own", async () => {
    const others = await another();
    expect(others.core.definePolicy).not.toBe(core.definePolicy);
    const [own, other] = [rulesOf({ core, consumers }), rulesOf(others)];
    const asked = ["plain", "and", "or", "not", "faults", "object", "parsed", "unknown"];
    for (const kind of ["policy", "hiding", "consumer"] as const) {
      for (const user of [null, { id: 1 }]) {
        for (const action of asked) {
          for (const options of [{}, { phase: "connect" as const }, { object: 1 }, { object: 2 }]) {
            for (const payload of [{}, { room: "a" }]) {
              const ask = (policy: core.Policy<core.Scope>) =>
                explain(policy, scopeOf({ user }), CONSUMER, action, payload, options);
              const [wanted, found] = [await ask(own[kind]), await ask(other[kind])];
              expect(plain(found)).toEqual(plain(wanted));
            }
          }
        }
      }
    }
  });
});
