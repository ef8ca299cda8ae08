import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, expect, test, vi } from "vitest";
import { soon, useFakeTime } from "../../test/fake-time.js";
import { LastingWire, lasting } from "../../test/lasting.js";
import { closes } from "./close-queue.js";
import { memoryRevocations } from "./memory-log.js";

const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

test("a connection revoked before it opens is closed before expired ones", async () => {
  const revocations = memoryRevocations();
  const identify = () => ({ subjects: ["user:1"] });
  const { gate } = lasting(policy, () => ({}), { identify, revocations });
  await soon();
  const add = vi.spyOn(closes, "add");
  const wire = new LastingWire("ann");
  const evaluation = gate.admit(wire);
  await evaluation.result;
  await revocations.revoke("user:1");
  evaluation.open();
  await soon();
  expect(add.mock.calls.map(([, isUrgent]) => isUrgent)).toEqual([true]);
  expect(wire.sent).toEqual(["close 4401 revoked"]);
});
