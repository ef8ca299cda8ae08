import { AllowAny, definePolicy } from "@portcullis/core";
import { expect, test, vi } from "vitest";
import { LastingWire, lasting } from "../../test/lasting.js";
import type { ContinuousSession } from "./continuous-session.js";
import { memoryRevocations } from "./memory-log.js";

const policy = definePolicy({ actions: { say: AllowAny } });

test.each(["opened", "authenticated again"])("the times of a connection that was %s are whole", async (what) => {
  const { open } = lasting(policy, () => ({ user: { id: 1 } }), {
    identify: () => ({ subjects: ["user:1"], expiresAt: Date.now() + 100_000.5 }),
    revalidate: { every: 12_345.6 },
  });
  const { lease } = (await open()).session as ContinuousSession;
  if (what !== "opened") await (lease.holder as ContinuousSession).refresh();
  const { expiry } = lease;
  const times = { ...lease, ...expiry, at: expiry?.at };
  const numbers = Object.entries(times).filter(([, value]) => typeof value === "number");
  expect(numbers.length).toBeGreaterThan(7);
  expect(numbers.filter(([, value]) => !Number.isInteger(value))).toEqual([]);
});

test("a session that is closed while it is opened is not kept", async () => {
  const revocations = memoryRevocations();
  const onDecision = ({ session }: { session?: { close(): void } | undefined }) => session?.close();
  const { gate } = lasting(
    policy,
    () => ({ user: { id: 1 } }),
    { identify: () => ({ subjects: ["user:1"] }), revocations },
    { onDecision: onDecision as never },
  );
  const evaluation = gate.admit(new LastingWire("ann"));
  await evaluation.result;
  // The opening authenticates again at once, because records may be missing.
  revocations.applyLoss();
  expect([evaluation.open().isEnded, gate.sessions.size]).toEqual([true, 0]);
});

test("a connection revoked before its opening is not authenticated again", async () => {
  const revocations = memoryRevocations();
  const authenticate = vi.fn(() => ({ user: { id: 1 } }));
  const { gate } = lasting(policy, authenticate, { identify: () => ({ subjects: ["user:1"] }), revocations });
  const evaluation = gate.admit(new LastingWire("ann"));
  await evaluation.result;
  await revocations.revoke("user:1");
  revocations.applyLoss();
  authenticate.mockClear();
  expect([evaluation.open().isEnded, authenticate.mock.calls.length]).toEqual([true, 0]);
});
