import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { defineConsumer, type HandlerContext } from "@portcullis/core/consumer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONSUMER, connect, scopeOf, settled } from "../../test/connection.js";

const isOwner = permission("isOwner", { object: ({ object }) => (object as { owner: string }).owner === "ann" });
const policy = definePolicy({ actions: { edit: { rule: isOwner, objects: "checked-by-handler" } } });
const scope = scopeOf();

class Doc {
  #owner = "bob";
  get owner() {
    return this.#owner;
  }
}

const key = fc.oneof(fc.string(), fc.constantFrom("object", "owner", "signal"), fc.string().map(Symbol));
const bare = fc.oneof(
  fc.constant(null).map(() => new Doc()),
  fc.array(fc.anything()),
  fc.date(),
  fc.array(fc.tuple(fc.string(), fc.anything())).map((entries) => new Map(entries)),
  fc.array(fc.anything()).map((values) => new Set(values)),
  fc.func(fc.anything()),
  fc.constant(null).map(() => Promise.resolve({ owner: "bob" })),
  fc.oneof(fc.boolean(), fc.integer(), fc.string(), fc.bigInt(), fc.constant(null)),
  fc.dictionary(fc.string(), fc.anything()).map((parent) => Object.create(parent)),
  fc.tuple(key, fc.anything()).map(([name, value]) => Object.defineProperty({}, name, { value, enumerable: false })),
  fc.anything().map((value) => ({ [Symbol("owner")]: value })),
  fc.anything().map((value) => ({ object: value, [Symbol.for("owner")]: value })),
  fc.constantFrom("owner", "id", "__owner").map((name) => ({ [name]: "bob" })),
);
/** Values that are no options, each also behind a proxy. */
const none = fc
  .tuple(bare, fc.boolean())
  .map(([value, isBehind]): unknown => (isBehind && Object(value) === value ? new Proxy(value, {}) : value));

const verbsOf = (verbs: object) => verbs as Record<"decide" | "can" | "authorize", (...args: unknown[]) => unknown>;

/** What the three verbs answer for the last arguments of a question. */
async function answersOf(verbs: object, before: unknown[], last: unknown[]): Promise<unknown[]> {
  const { decide, can, authorize } = verbsOf(verbs);
  const decision = (await decide.call(verbs, ...before, "edit", {}, ...last)) as { outcome: string; by: string };
  const refused = await (authorize.call(verbs, ...before, "edit", {}, ...last) as Promise<void>).then(
    () => "allowed",
    (error) => error.code,
  );
  return [decision.outcome, decision.by, await can.call(verbs, ...before, "edit", {}, ...last), refused];
}

/** Asks from the handler of the action itself, or of another one. */
async function answersInHandler(last: unknown[], action: "edit" | "other"): Promise<unknown[]> {
  let asked: Promise<unknown[]> | undefined;
  const handler = (context: HandlerContext) => {
    const { decide, can, authorize } = context;
    asked = answersOf({ decide, can, authorize }, [], last);
    return asked;
  };
  const consumer = defineConsumer()
    .action("edit", isOwner, { objects: "checked-by-handler" }, handler as never)
    .action(
      "other",
      permission("any", () => true),
      handler as never,
    );
  connect(consumer).send(action);
  await settled();
  return asked as Promise<unknown[]>;
}

const FAULT = ["error", "options", false, "permission_error"];

/** Asks all verbs of a policy, a session and two handlers. */
async function everywhere(last: unknown[]): Promise<unknown[]> {
  return [
    await answersOf(policy, [scope, CONSUMER], last),
    await answersOf(connect(policy).session, [], last),
    await answersInHandler(last, "edit"),
    await answersInHandler(last, "other"),
  ];
}

describe("every verb faults", () => {
  test("for options that are no plain object", () =>
    fc.assert(
      fc.asyncProperty(none, async (options) => {
        expect(await everywhere([options])).toEqual([FAULT, FAULT, FAULT, FAULT]);
      }),
      { numRuns: 150 },
    ));

  test("for further arguments", () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(undefined, {}), fc.array(fc.anything(), { minLength: 1 }), async (...args) => {
        const [options, further] = args;
        expect(await everywhere([options, ...further])).toEqual([FAULT, FAULT, FAULT, FAULT]);
      }),
      { numRuns: 50 },
    ));
});

describe("options with an object", () => {
  test.each([
    ["a plain object", (object: unknown) => ({ object })],
    ["an object without a prototype", (object: unknown) => Object.assign(Object.create(null), { object })],
  ])("%s are read by every verb", async (_name, make) => {
    const allowed = ["allow", expect.anything(), true, "allowed"];
    const denied = ["deny", "isOwner", false, "permission_denied"];
    expect(await everywhere([make({ owner: "ann" })])).toEqual([allowed, allowed, allowed, allowed]);
    expect(await everywhere([make(new Doc())])).toEqual([denied, denied, denied, denied]);
  });
});

test("the fault of a further argument says so", async () => {
  const { error } = await (verbsOf(policy).decide.call(policy, scope, CONSUMER, "edit", {}, {}, 1) as never as Promise<{
    error: Error;
  }>);
  expect(error.message).toBe('decide() got "further arguments": give { object, signal } as options, or leave them out');
});

test("a further argument faults where no rule judges objects", async () => {
  const open = definePolicy({ actions: { edit: AllowAny } });
  expect(await answersOf(open, [scope, CONSUMER], [undefined, 1])).toEqual(FAULT);
  expect(await answersOf(open, [scope, CONSUMER], [])).toEqual(["allow", "AllowAny", true, "allowed"]);
});

test("a payload of an unknown action is never taken for options", () => {
  const both = definePolicy({ permissions: isOwner, actions: { edit: isOwner } });
  const asked = verbsOf(both).decide(scope, CONSUMER, "erase", { object: {} });
  expect(asked).toMatchObject({ outcome: "deny", code: "unknown_action" });
});

test("a further argument of a connect question faults", () => {
  const decideConnect = policy.decideConnect.bind(policy) as (...args: unknown[]) => unknown;
  expect(decideConnect(scope, CONSUMER, {}, {}, 1)).toMatchObject({ outcome: "error", by: "options" });
});
