import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import { expect, test, vi } from "vitest";
import { connect } from "../../test/connection.js";
import { createDecision } from "../decision/decision.js";
import { createAnswerRecord } from "../engine/record.js";
import { engineOf } from "../policy/policy.js";
import { type DecisionEvent, DecisionLog } from "./decision-log.js";
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

test.each([true, false])("a log knows whether the guard has `authenticate`: %s", (authenticates) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { rules } = engineOf(policy, "guard()");
  const log = new DecisionLog(rules, { hints: true, ...(authenticates && { authenticate: () => ({}) }) });
  const decision = createDecision("deny", "not_authenticated", { by: "IsAuthenticated" });
  log.hint({ decision, action: "connect", scope: { user: null, headers: {}, cookies: {}, query: {} } as never });
  expect(warn.mock.calls.some(([text]) => String(text).includes("has no `authenticate`"))).toBe(!authenticates);
  warn.mockRestore();
});

test("a trace of a renewal is that of the connect rules", () => {
  const { rules } = engineOf(definePolicy({ connect: DenyAll, permissions: AllowAny }), "guard()");
  const events: DecisionEvent[] = [];
  const log = new DecisionLog(rules, { trace: true, onDecision: (event) => void events.push(event) });
  const decision = createDecision("allow", "allowed");
  for (const phase of ["connect", "renew"] as const) {
    log.report({ phase, action: "connect", decision, startedAt: 0, answers: createAnswerRecord() } as never);
  }
  const [connect, renew] = events.map(({ trace }) => trace);
  expect(renew).toEqual(connect);
  expect(renew?.rule?.name).toBe("DenyAll");
});
