import { AllowAny, definePolicy } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";
import { subjectParts } from "../../test/subject.js";
import { ALLOWED } from "../decision/decision.js";
import { Reauthentication } from "./reauthentication.js";
import type { Subject } from "./reauthentication-types.js";

const LIFE = 100_000;
/** Attempts of a renewal, where each must be repeated. */
const ATTEMPTS = 11;

useFakeTime();

/** A server whose clients are user 1 for 100 seconds. `state.whenAsked` runs during each attempt of a renewal. */
function server() {
  const state = { whenAsked: () => {}, asked: [] as unknown[] };
  const made = lasting(
    definePolicy({ actions: { say: AllowAny } }),
    (_client, { renewal }) => {
      if (!renewal) return { end: START + LIFE };
      state.asked.push(renewal.n);
      state.whenAsked();
      return { end: Date.now() + LIFE };
    },
    {
      identify: ({ end }: { end: number }) => ({ subjects: ["user:1"], expiresAt: end }),
      renew: { action: "auth.renew" },
    },
  );
  return { ...made, state };
}

describe("after a renewal that stays unsettled", () => {
  test.each([
    ["valid", 1_000],
    ["expired", LIFE],
  ])("the next one of a client whose identity is %s follows", async (_what, age) => {
    const { open, state } = server();
    const { send, wire, session } = await open();
    await vi.advanceTimersByTimeAsync(age);
    wire.log.length = 0;
    state.whenAsked = () => void (state.asked.length <= ATTEMPTS && session.refresh());
    send("auth.renew", { n: 1 });
    send("auth.renew", { n: 2 });
    await soon();
    expect(wire.sent).toEqual(["refuse auth.renew permission_timeout 503", 'reply auth.renew {"expiresIn":100}']);
    expect(state.asked).toEqual([...Array.from({ length: ATTEMPTS }, () => 1), 2]);
    expect(session.identity?.state).toBe("valid");
  });

  test("those who wait for its answer wait no more", async () => {
    const whenAnswered = vi.fn();
    const subject = {
      ...subjectParts(),
      authenticate() {
        questions.demand();
        questions.whenAnswered(whenAnswered);
        return { result: { decision: ALLOWED, scope: {} }, abort: vi.fn() };
      },
      report: vi.fn(),
      retryIn: vi.fn(),
      hint: vi.fn(),
    };
    const questions = new Reauthentication(subject as unknown as Subject);
    questions.renew({ phase: "renew" });
    await soon();
    expect([questions.isRunning, whenAnswered.mock.calls.length]).toEqual([false, ATTEMPTS]);
  });
});
