import { AllowAny, definePolicy } from "@portcullis/core";
import { expect, test } from "vitest";
import { connect } from "../../test/connection.js";
import { createDecision } from "../decision/decision.js";
import { engineOf } from "../policy/policy.js";
import { DecisionLog } from "./decision-log.js";
import { MISSING_ACTION } from "./refusal.js";

const policy = definePolicy({ permissions: AllowAny });

test("a log without a listener wants all but allowing decisions", () => {
  const { rules } = engineOf(policy, "guard()");
  const made = (["allow", "deny", "error"] as const).map((outcome) => createDecision(outcome, "code"));
  const wanted = (options: object) => made.map((one) => new DecisionLog(rules, options).wants(one));
  expect(wanted({})).toEqual([false, true, true]);
  expect(wanted({ onDecision() {} })).toEqual([true, true, true]);
});

test("a refusal that no rule made has no trace", () => {
  const { send, events } = connect(policy, { trace: true });
  send("", {}, { refusal: MISSING_ACTION });
  expect(events).toMatchObject([{ decision: { code: "missing_action" } }]);
  expect(events[0]).not.toHaveProperty("trace");
});
