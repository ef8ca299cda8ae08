import {
  AllowAny,
  abstain,
  allow,
  and,
  DenyAll,
  definePolicy,
  deny,
  fault,
  IsAuthenticated,
  not,
  or,
  PermissionMisuse,
  permission,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { explain } from "@portcullis/core/explain";
import { describe, expect, test } from "vitest";
import { CONSUMER, deferred, scopeOf, settled } from "../test/connection.js";

const ann = scopeOf({ user: { id: 1 } });

/** A rule that records its calls. */
function noting(asked: string[]) {
  return (name: string, answer: () => unknown) =>
    permission(name, () => {
      asked.push(name);
      return answer() as boolean;
    });
}

describe("every rule", () => {
  test("is asked once, even if the decision skips it", async () => {
    const asked: string[] = [];
    const rule = noting(asked);
    const shared = or(
      rule("b", () => deny("no_b", { reason: "Not b" })),
      rule("c", async () => true),
    );
    const policy = definePolicy({
      permissions: or(
        rule("p", () => true),
        rule("q", () => false),
      ),
      actions: {
        do: and(
          rule("a", () => false),
          shared,
          not(shared),
        ),
        other: AllowAny,
      },
    });
    const { decision, permissions, rule: tree } = await explain(policy, ann, CONSUMER, "do");
    expect(asked).toEqual(["p", "q", "a", "b", "c"]);
    expect(decision).toMatchObject({ outcome: "deny", by: "a" });
    expect(permissions).toMatchObject({ outcome: "allow", operands: [{ outcome: "allow" }, { outcome: "deny" }] });
    expect(tree).toMatchObject({
      outcome: "deny",
      operands: [
        { name: "a", outcome: "deny" },
        {
          outcome: "allow",
          operands: [
            { name: "b", outcome: "deny", code: "no_b", reason: "Not b" },
            { name: "c", outcome: "allow" },
          ],
        },
        { kind: "not", outcome: "deny" },
      ],
    });
  });

  test("may fail without keeping the others from being asked", async () => {
    const asked: string[] = [];
    const rule = noting(asked);
    const policy = definePolicy({
      actions: {
        do: and(
          rule("throws", () => {
            throw new Error("x");
          }),
          rule("rejects", () => Promise.reject(new Error("x"))),
          rule("nonsense", () => "yes"),
          rule("fault", () => fault("down")),
          rule("abstains", () => abstain()),
        ),
      },
    });
    const { decision, rule: tree } = await explain(policy, ann, CONSUMER, "do");
    expect(asked).toHaveLength(5);
    expect(tree?.operands?.map(({ outcome }) => outcome)).toEqual(["error", "error", "error", "error", "abstain"]);
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error" });
  });

  test("the decision is the one the policy makes, with evidence", async () => {
    const policy = definePolicy({
      actions: {
        do: and(
          IsAuthenticated,
          permission("member", () => allow({ role: "owner" })),
        ),
      },
    });
    for (const [scope, action] of [
      [ann, "do"],
      [scopeOf(), "do"],
      [ann, "nope"],
    ] as const) {
      const { decision } = await explain(policy, scope, CONSUMER, action);
      expect(decision).toEqual(policy.decide(scope, CONSUMER, action as "do"));
    }
    expect((await explain(policy, ann, CONSUMER, "nope")).rule).toBeUndefined();
  });
});

describe("a rule that never answers", () => {
  const hangs = permission("hangs", () => new Promise<boolean>(() => {}));
  const policy = definePolicy({
    timeout: { action: 30 },
    actions: {
      reached: and(hangs, hangs, AllowAny),
      refused: and(hangs, DenyAll),
      waited: or(hangs, AllowAny),
      unreached: or(AllowAny, hangs),
    },
  });

  test("is bounded by the deadline, all of them together", async () => {
    const startedAt = performance.now();
    const { decision, rule } = await explain(policy, ann, CONSUMER, "reached");
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(decision).toMatchObject({ code: "permission_timeout", status: 503 });
    const late = { outcome: "error", code: "permission_timeout", milliseconds: 30 };
    expect(rule).toMatchObject({ outcome: "error", operands: [late, late, { outcome: "allow" }] });
  });

  test("is a fault: a denial behind it does not count", async () => {
    const { decision, rule } = await explain(policy, ann, CONSUMER, "refused");
    expect(decision).toMatchObject({ outcome: "error", code: "permission_timeout" });
    expect(rule).toMatchObject({ outcome: "error", operands: [{ outcome: "error" }, { outcome: "deny" }] });
  });

  test("makes the whole question late, though another branch allows", async () => {
    const { decision, rule } = await explain(policy, ann, CONSUMER, "waited");
    expect(decision).toMatchObject({ outcome: "error", code: "permission_timeout" });
    expect(rule).toMatchObject({ outcome: "allow", operands: [{ outcome: "error" }, { outcome: "allow" }] });
  });

  test("does not count when the decision skips it", async () => {
    const { decision, rule } = await explain(policy, ann, CONSUMER, "unreached");
    expect(decision).toMatchObject({ outcome: "allow" });
    expect(rule).toMatchObject({ outcome: "allow", operands: [{ outcome: "allow" }, { outcome: "error" }] });
  });

  test("its late answer changes nothing", async () => {
    const answer = deferred<boolean>();
    const late = definePolicy({ timeout: { action: 20 }, permissions: permission("late", () => answer.promise) });
    const explanation = await explain(late, ann, CONSUMER, "any");
    answer.resolve(true);
    await settled();
    expect(String(explanation)).toContain("late: error (permission_timeout)");
    expect(explanation.permissions?.outcome).toBe("error");
  });
});

describe("the other questions", () => {
  const isOwner = permission("isOwner", {
    object: ({ object, scope }) => (object as { owner: unknown }).owner === scope.user,
  });
  const policy = definePolicy({
    connect: and(IsAuthenticated, permission("fit", { connect: ({ message }) => message.room === "lobby" })),
    permissions: permission("open", { connect: () => abstain(), action: () => true }),
    actions: { edit: or(isOwner, permission("admin", { action: () => false, object: () => false })) },
  });

  test("connect, with the message of the handshake", async () => {
    const explanation = await explain(policy, ann, CONSUMER, "", { room: "den" }, { phase: "connect" });
    expect(explanation.decision).toMatchObject({ outcome: "deny", by: "fit" });
    expect(explanation.permissions).toMatchObject({ name: "open", outcome: "abstain" });
    expect(explanation.rule?.operands).toMatchObject([
      { name: "IsAuthenticated", outcome: "allow" },
      { name: "fit", outcome: "deny" },
    ]);
    expect(String(explanation)).toMatch(/^connect: deny/);
  });

  test("connect, where `permissions` without `canConnect` abstain", async () => {
    const asking = permission("asking", () => false);
    const { decision, permissions, rule } = await explain(
      definePolicy({ connect: or(AllowAny, asking), permissions: asking }),
      ann,
      CONSUMER,
      "",
      {},
      { phase: "connect" },
    );
    expect(decision.outcome).toBe("allow");
    expect(permissions).toEqual({ kind: "rule", name: "asking", outcome: "abstain" });
    expect(rule?.operands).toMatchObject([{ outcome: "allow" }, { name: "asking", outcome: "deny" }]);
    expect(
      (await explain(definePolicy({ permissions: AllowAny }), ann, CONSUMER, "", {}, { phase: "connect" })).rule,
    ).toBeUndefined();
  });

  test("object, where one is given", async () => {
    const scope = scopeOf({ user: "ann" });
    for (const [owner, outcome] of [
      ["ann", "allow"],
      ["bob", "deny"],
    ] as const) {
      const { decision, rule } = await explain(policy, scope, CONSUMER, "edit", {}, { object: { owner } });
      expect(decision.outcome).toBe(outcome);
      expect(rule).toMatchObject({
        outcome,
        operands: [
          { name: "isOwner", outcome },
          { name: "admin", outcome: "deny" },
        ],
      });
    }
    const pending = await explain(policy, scope, CONSUMER, "edit");
    expect(pending.rule?.operands?.[0]).toMatchObject({ outcome: "allow", isPending: true });
  });
});

describe("a consumer", () => {
  const asked: unknown[] = [];
  const look = (name: string) => permission(name, ({ payload }) => asked.push([name, payload]) > 0);
  const input = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) => {
        asked.push("input");
        const { text } = value as { text?: unknown };
        return typeof text === "string" ? { value: { text: text.trim() } } : { issues: [{ message: "expected text" }] };
      },
    },
  };
  const consumer = defineConsumer()
    .permissions(look("general"))
    .action("say", look("own"), { input }, () => asked.push("handler"));

  test("parses once, and its rules see what they would see", async () => {
    asked.length = 0;
    const { decision } = await explain(consumer, ann, CONSUMER, "say", { text: " hi " });
    expect(decision.outcome).toBe("allow");
    expect(asked).toEqual([["general", { text: " hi " }], "input", ["own", { text: "hi" }]]);
  });

  test("with an invalid payload does not ask its rule", async () => {
    asked.length = 0;
    const { decision, rule } = await explain(consumer, ann, CONSUMER, "say", {});
    expect(decision).toMatchObject({ code: "invalid_input", status: 400 });
    expect(asked).toEqual([["general", {}], "input"]);
    expect(rule).toEqual({ kind: "rule", name: "own" });
  });
});

describe("as text", () => {
  test("draws the trees", async () => {
    const policy = definePolicy({
      permissions: not(permission("isBanned", () => false)),
      actions: {
        "chat.send": and(
          IsAuthenticated,
          or(
            permission("isMember", () => deny("not_a_member", { reason: "Join the room first" })),
            permission("quiet", () => abstain()),
          ),
          or(
            permission("isOwner", { object: () => true }),
            permission("isAdmin", () => false),
          ),
        ),
      },
    });
    expect(String(await explain(policy, ann, CONSUMER, "chat.send"))).toBe(
      [
        "chat.send: deny (not_a_member, 403): Join the room first",
        "permissions",
        "not: allow",
        "└─ isBanned: deny (permission_denied): You do not have permission to perform this action.",
        "rule",
        "and: deny",
        "├─ IsAuthenticated: allow",
        "├─ or: deny",
        "│  ├─ isMember: deny (not_a_member): Join the room first",
        "│  └─ quiet: abstain",
        "└─ or: allow",
        "   ├─ isOwner: allow (until there is an object)",
        "   └─ isAdmin: deny (permission_denied): You do not have permission to perform this action.",
      ].join("\n"),
    );
    expect(String(await explain(definePolicy({ permissions: AllowAny }), ann, CONSUMER, "do"))).toBe(
      "do: allow\npermissions\nAllowAny: allow",
    );
  });

  test("says what was not asked", async () => {
    const consumer = defineConsumer().action(
      "say",
      AllowAny,
      { input: { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [] }) } } },
      () => 1,
    );
    expect(String(await explain(consumer, ann, CONSUMER, "say"))).toContain("AllowAny: not asked");
  });
});

test("something that is no policy is a misuse", async () => {
  for (const wrong of [undefined, {}, { engine: 1 }]) {
    await expect(explain(wrong as never, ann as never, CONSUMER, "do")).rejects.toThrow("explain() got");
    await expect(explain(wrong as never, ann as never, CONSUMER, "do")).rejects.toSatisfy(PermissionMisuse.isInstance);
  }
});

test.each([
  [[undefined], 'explain() got undefined as `action`: name it, as in "chat.send"'],
  [["do", "text"], 'explain() got "text" as `payload`: give the arguments in an object'],
  [["do", null], "explain() got null as `payload`: give the arguments in an object"],
  [["do", {}, { phase: "open" }], 'explain() got "open" as `phase`: give connect, action or object'],
])("the question %j is a misuse", async (question, message) => {
  const asked = explain(definePolicy({ permissions: AllowAny }), ann as never, CONSUMER, ...(question as [never]));
  await expect(asked).rejects.toThrow(new PermissionMisuse(message));
});

test("a question about the handshake needs no action", async () => {
  const policy = definePolicy({ permissions: AllowAny });
  const { decision } = await explain(policy, ann as never, CONSUMER, undefined as never, {}, { phase: "connect" });
  expect(decision.outcome).toBe("allow");
});
