import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { knock, start, stopAll } from "../test/support.js";

afterEach(stopAll);

const TARGETS = ["/public/../admin", "http://x/admin", "//x/admin", "/x\\..\\admin", "/%2e%2e/admin"];

describe("a rule about the path", () => {
  test.each(TARGETS)("sees %s as `new URL()` parses it", async (target) => {
    const connect = permission("notAdmin", { connect: ({ scope }) => scope.path !== "/admin" });
    const { port } = await start({ policy: definePolicy({ connect, permissions: AllowAny }) });
    expect((await knock(port, {}, target)).status).toBe(403);
  });
});

describe.each(["status", "close"] as const)("a target that is not a URL, refuse: %s", (refuse) => {
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
