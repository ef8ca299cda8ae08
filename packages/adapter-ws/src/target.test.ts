import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { knock, start, stopAll } from "../test/support.js";

afterEach(stopAll);

const TARGETS = [
  "/public/../admin",
  "http://x/admin",
  "http:///admin",
  "//x/admin",
  "/x\\..\\admin",
  "/%2e%2e/admin",
  "/admin#",
];

describe("a target that routers read in different ways", () => {
  test.each(TARGETS)("is refused: %s", async (target) => {
    const { port } = await start({ policy: definePolicy({ permissions: AllowAny }) });
    const { status, body } = await knock(port, {}, target);
    expect([status, JSON.parse(body).error.code]).toEqual([400, "bad_target"]);
  });
});

describe.each(["status", "close"] as const)("a target without a path, refuse: %s", (refuse) => {
  test("is refused once, before `authenticate`", async () => {
    const authenticate = vi.fn();
    const events: DecisionEvent[] = [];
    const onDecision = (event: DecisionEvent) => void events.push(event);
    const { port, sockets } = await start({ options: { authenticate, onDecision, refuse } });
    if (refuse === "close") await expect(knock(port, {}, "//")).rejects.toThrow("was not refused");
    else {
      const { status, body } = await knock(port, {}, "//");
      expect([status, JSON.parse(body).error.code]).toEqual([400, "bad_target"]);
    }
    expect(events.map(({ decision, scope }) => [decision.code, scope.path])).toEqual([["bad_target", ""]]);
    expect(authenticate).not.toHaveBeenCalled();
    expect(sockets).toEqual([]);
  });
});
