import { afterEach, describe, expect, it, vi } from "vitest";
import { act, actNow } from "../../test/support.js";
import { abstain, allow, deny, fault } from "../decision/answers.js";
import { PermissionMisuse } from "../decision/errors.js";
import { definePolicy } from "../policy/policy.js";
import { AllowAny } from "../rules/built-in/allow-any.js";
import { and } from "../rules/combinators/and.js";
import { not } from "../rules/combinators/not.js";
import { or } from "../rules/combinators/or.js";
import { permission } from "../rules/function-rule.js";
import type { PermissionLike } from "../rules/infer.js";
import { allowing, combine, mergeEvidence, negate, REPEATABLE, refuses } from "./combine.js";

const says = (name: string, answer: ReturnType<typeof allow | typeof deny | typeof fault>) =>
  permission(name, () => answer);

describe("combine", () => {
  const forbidden = deny("forbidden");
  const signIn = deny("not_authenticated");
  const expired = deny("expired", { status: 401 });
  const down = fault("down");
  const slow = fault("slow");

  it("selects the first 401, otherwise the first refusal", () => {
    expect(combine([forbidden, expired, signIn], "deny")).toMatchObject({
      code: "expired",
      status: 401,
      retry: "after-auth",
    });
    expect(combine([forbidden, deny("other")], "deny")).toMatchObject({ code: "forbidden" });
    expect(combine([signIn, slow, down], "error")).toMatchObject({ code: "slow" });
    expect(combine([down, forbidden], "deny")).toMatchObject({ code: "forbidden" });
  });

  it("keeps all refusals in `causes`, flat and in order", () => {
    const inner = combine([forbidden, signIn], "deny");
    expect(combine([down, inner], "deny").causes).toEqual([down, forbidden, signIn]);
    expect(Object.isFrozen(inner.causes)).toBe(true);
  });

  it("one alone stays what it is", () => {
    expect(combine([forbidden], "deny")).toBe(forbidden);
  });
});

describe("negate", () => {
  const denial = deny("permission_denied");

  it("turns allow and deny round, and nothing else", () => {
    expect(negate(allow({ a: 1 }), denial)).toBe(denial);
    expect(negate(deny("x"), denial)).toBe(allowing());
    const down = fault("down");
    expect(negate(down, denial)).toBe(down);
    expect(negate(abstain(), denial)).toBe(abstain());
  });

  it("keeps the faults that stood behind a denial", () => {
    const down = fault("down");
    expect(negate(combine([down, deny("x")], "deny"), denial)).toMatchObject({ outcome: "allow", causes: [down] });
  });
});

describe("refuses", () => {
  it("deny and error refuse", () => {
    expect([allow(), deny("x"), abstain(), fault("x")].map(refuses)).toEqual([false, true, false, true]);
  });
});

describe("evidence", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const isMember = says("isMember", allow({ membership: { role: "owner" } }));
  const hasPlan = says("hasPlan", allow({ plan: "gold" }));
  const alsoMember = says("alsoMember", allow({ membership: { role: "guest" } }));

  it("of the operands of `and` is merged", () => {
    expect(actNow(and(isMember, AllowAny, hasPlan)).evidence).toEqual({ membership: { role: "owner" }, plan: "gold" });
    expect(actNow(and(isMember, and(AllowAny, or(hasPlan)))).evidence).toEqual({
      membership: { role: "owner" },
      plan: "gold",
    });
  });

  it("of an allowing `or` branch is kept, of `not` dropped", () => {
    expect(actNow(or(says("no", deny("no")), hasPlan, isMember)).evidence).toEqual({ plan: "gold" });
    expect(actNow(not(not(hasPlan))).evidence).toEqual({ plan: "gold" });
    expect(actNow(and(AllowAny, not(says("no", deny("no"))))).evidence).toBeUndefined();
    expect(actNow(and(isMember, says("no", deny("no")))).evidence).toBeUndefined();
  });

  it("of permissions and of the action's rule is merged", async () => {
    const policy = definePolicy({ permissions: isMember, actions: { act: hasPlan } });
    expect(policy.decide({} as never, { id: "" } as never, "act").evidence).toEqual({
      membership: { role: "owner" },
      plan: "gold",
    });
  });

  const twice: [string, PermissionLike][] = [
    ["two operands of an `and`", and(isMember, alsoMember)],
    ["operands of nested ones", and(isMember, or(says("no", deny("no")), and(alsoMember, AllowAny)))],
  ];

  it.each(twice)("with a key twice, by %s, is a development misuse", async (_, rule) => {
    const decision = await act(rule);
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error" });
    expect(decision.error).toBeInstanceOf(PermissionMisuse);
    expect((decision.error as Error).message).toBe(
      "two rules offer evidence under the key `membership`: give one of them another name",
    );
    expect(await act(not(rule))).toMatchObject({ outcome: "error" });
    expect(await act(or(rule, AllowAny))).toMatchObject({ outcome: "allow" });
  });

  it.each(twice)("in production the later of %s wins", async (_, rule) => {
    vi.stubEnv("NODE_ENV", "production");
    expect(await act(rule)).toMatchObject({ outcome: "allow", evidence: { membership: { role: "guest" } } });
  });

  it("with a key in permissions and rule is a misuse", () => {
    const policy = definePolicy({ permissions: isMember, actions: { act: alsoMember } });
    const decide = () => policy.decide({} as never, { id: "" } as never, "act");
    expect(decide()).toMatchObject({ outcome: "error", by: "alsoMember" });
    vi.stubEnv("NODE_ENV", "production");
    expect(decide()).toMatchObject({ evidence: { membership: { role: "guest" } } });
  });

  it("with a key that both rules list as repeatable: later wins", () => {
    const offer = (user: number, ...keys: string[]) => ({ user, [REPEATABLE]: keys });
    const merged = mergeEvidence(mergeEvidence(offer(1, "user"), { other: 1 }), offer(2, "user"));
    expect({ ...merged }).toEqual({ user: 2, other: 1, [REPEATABLE]: ["user"] });
    expect(REPEATABLE).toBe(Symbol.for("@portcullis/core/repeatable"));
    expect(() => mergeEvidence(offer(1, "user"), { user: 2 })).toThrow(PermissionMisuse);
    expect(() => mergeEvidence({ user: 1 }, offer(2, "user"))).toThrow(PermissionMisuse);
    expect(() => mergeEvidence(offer(1, "user"), offer(2, "auth"))).toThrow(PermissionMisuse);
  });

  it("counts as development where no environment is known", () => {
    try {
      for (const known of [undefined, {}]) {
        vi.stubGlobal("process", known);
        expect(() => mergeEvidence({ a: 1 }, { a: 2 })).toThrow(PermissionMisuse);
      }
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("merges keys of Object.prototype and `__proto__` as data", () => {
    const merged = mergeEvidence(JSON.parse('{"__proto__":{"isAdmin":true}}'), { toString: 1 });
    expect(Object.getPrototypeOf(merged)).toBeNull();
    expect(Object.keys(merged ?? {})).toEqual(["__proto__", "toString"]);
    expect(mergeEvidence(undefined, undefined)).toBeUndefined();
  });

  it("of an object question is merged once despite repeated rules", () => {
    const rule = permission("both", { action: () => allow({ membership: 1 }), object: () => allow({ author: 2 }) });
    const policy = definePolicy({ actions: { edit: rule } });
    expect(policy.decide({} as never, { id: "" } as never, "edit", {}, { object: {} })).toMatchObject({
      outcome: "allow",
      evidence: { membership: 1, author: 2 },
    });
  });

  it("of an object question is that of the allowing branch", () => {
    const a = permission("a", { action: () => allow({ a: 1 }), object: () => false });
    const b = permission("b", { action: () => allow({ b: 2 }), object: () => true });
    const policy = definePolicy({ actions: { edit: or(a, b) } });
    expect(policy.decide({} as never, { id: "" } as never, "edit", {}, { object: {} }).evidence).toEqual({ b: 2 });
  });
});

describe("causes", () => {
  const down = says("down", fault("directory_down"));
  const codes = (decision: { causes?: readonly { code: string }[] }) => decision.causes?.map(({ code }) => code);

  it("of an allow are the faults of its evaluation", () => {
    expect(codes(actNow(or(down, AllowAny)))).toEqual(["directory_down"]);
    expect(codes(actNow(and(AllowAny, or(says("no", deny("no")), down, AllowAny))))).toEqual(["directory_down"]);
    expect(codes(actNow(or(says("no", deny("no")), AllowAny)))).toBeUndefined();
    expect(actNow(or(says("no", deny("no")), says("member", allow({ plan: 1 }))))).toMatchObject({ outcome: "allow" });
    expect(codes(actNow(or(says("no", deny("no")), says("member", allow({ plan: 1 })))))).toBeUndefined();
  });

  it("of all parts of a policy come together", () => {
    const slow = says("slow", fault("slow"));
    const policy = definePolicy({ permissions: or(down, AllowAny), actions: { act: or(slow, AllowAny) } });
    expect(codes(policy.decide({} as never, { id: "" } as never, "act"))).toEqual(["directory_down", "slow"]);
  });

  it("of a refusal are all that refused", () => {
    const no = says("no", deny("no"));
    expect(codes(actNow(or(no, down)))).toEqual(["no", "directory_down"]);
    expect(codes(actNow(no))).toBeUndefined();
  });

  it("are combined under the first fault, even before a 401", () => {
    const unknown = says("unknown", fault("unknown_user", { status: 401 }));
    expect(actNow(or(down, says("no", deny("no")), unknown))).toMatchObject({ code: "directory_down", status: 500 });
  });
});
