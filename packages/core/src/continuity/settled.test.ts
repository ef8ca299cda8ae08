import { AllowAny, definePolicy } from "@portcullis/core";
import { Gate, type GuardOptions } from "@portcullis/core/adapter";
import { expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, useFakeTime } from "../../test/fake-time.js";
import { LastingWire, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";
import { isSettled } from "./settled.js";

const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();

/** A server whose clients are user 1 for 100 seconds. `answer` holds back an authentication. */
function server() {
  const revocations = memoryRevocations();
  const answer: { made?: Promise<unknown> } = {};
  const authenticate = async () => {
    await answer.made;
    return { user: { id: 1 } };
  };
  const identify = () => ({ subjects: ["user:1"], expiresAt: START + 100_000 });
  return { ...lasting(policy, authenticate, { identify, revocations }), revocations, answer };
}

test("a session of a guard without continuity is settled", async () => {
  const options: GuardOptions<string> = { authenticate: () => ({ user: null }) };
  const gate = new Gate<string>("guard()", policy, options);
  const evaluation = gate.admit(new LastingWire("ann"));
  await evaluation.result;
  expect(isSettled(evaluation.open())).toBe(true);
});

test("a session is unsettled until its refresh is answered", async () => {
  const { open, revocations, answer } = server();
  const { session } = await open();
  expect(isSettled(session)).toBe(true);
  const { promise, resolve } = deferred<void>();
  answer.made = promise;
  await revocations.refresh("user:1");
  expect(isSettled(session)).toBe(false);
  resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(isSettled(session)).toBe(true);
});

test("a session that has ended stays as settled as it was", async () => {
  const { open, revocations, answer } = server();
  const [one, other] = [await open(), await open()];
  one.session.close();
  answer.made = deferred<void>().promise;
  await revocations.refresh("user:1");
  other.session.close();
  expect([isSettled(one.session), isSettled(other.session)]).toEqual([true, false]);
});

test("a session is unsettled once its identity has expired", async () => {
  const { open } = server();
  const { session } = await open();
  await vi.advanceTimersByTimeAsync(99_999);
  expect(isSettled(session)).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  expect(isSettled(session)).toBe(false);
});
