import { describe, expect, it } from "vitest";
import { CONSUMER, Wire } from "../../../test/connection.js";
import { buildRules } from "../../policy/compile-policy.js";
import { definePolicy } from "../../policy/policy.js";
import { PolicyEngine } from "../../policy/policy-engine.js";
import { AllowAny } from "../../rules/built-in/allow-any.js";
import { and } from "../../rules/combinators/and.js";
import { not } from "../../rules/combinators/not.js";
import { permission } from "../../rules/function-rule.js";
import { Gate } from "../gate.js";

const LATE = { outcome: "error", code: "permission_timeout", status: 503 };
const timeout = { connect: 20, action: 20, object: 20 };

/** Blocks the event loop until every deadline of this file has passed, before a timer can fire. */
function stall(): void {
  for (const end = performance.now() + 25; performance.now() < end; );
}

/** An answer of true, behind a stall. */
const afterStall =
  <T>(answer: T) =>
  async (): Promise<T> => {
    await undefined;
    stall();
    return answer;
  };

describe("an answer after its deadline, before the timer", () => {
  it.each([
    ["yes", afterStall(true)],
    ["no, under not", afterStall(false)],
  ])("opens nothing: %s", async (word, answer) => {
    const asked: string[] = [];
    const late = permission("late", { connect: answer, action: answer, object: answer });
    const next = permission("next", () => asked.push("next") > 0);
    const rule = word === "yes" ? late : not(late);
    const engine = new PolicyEngine(buildRules({ connect: rule, actions: { act: and(rule, next) }, timeout }));
    expect(await engine.decideConnect({}, CONSUMER)).toMatchObject(LATE);
    expect(await engine.decide({}, CONSUMER, "act")).toMatchObject(LATE);
    expect(await engine.decide({}, CONSUMER, "act", {}, { object: {} })).toMatchObject(LATE);
    expect(asked).toEqual([]);
  });

  const knock = (policy: object, authenticate?: () => unknown) => {
    const gate = new Gate<string>("guard()", policy, { timeout, ...(authenticate && { authenticate }) });
    return gate.admit(new Wire()).result;
  };

  it("admits nobody: of authenticate", async () => {
    const asked: string[] = [];
    const look = permission("look", { connect: () => asked.push("look") > 0 });
    const policy = definePolicy({ connect: look, permissions: AllowAny });
    expect((await knock(policy, afterStall({ user: { id: 1 } }))).decision).toMatchObject(LATE);
    expect(asked).toEqual([]);
  });

  it("refuses a fast rule behind a slow authenticate", async () => {
    const authenticate = async () => ({ user: { id: 1 } });
    const sync = permission("sync", {
      connect: () => {
        stall();
        return true;
      },
    });
    const policy = definePolicy({ connect: sync, permissions: AllowAny });
    expect((await knock(policy, authenticate)).decision).toMatchObject(LATE);
  });
});
