import { AllowAny, definePolicy } from "@portcullis/core";
import { expect, test } from "vitest";
import { lasting } from "../../test/lasting.js";
import type { ContinuousSession } from "./continuous-session.js";

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
