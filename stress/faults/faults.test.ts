import { afterAll, describe, expect, test } from "vitest";
import { killAll } from "./lib/children.mjs";
import { run as runClock } from "./parts/clock.mjs";
import { run as runProvider } from "./parts/provider.mjs";
import { run as runSigterm } from "./parts/sigterm.mjs";
import { run as runStall } from "./parts/stall.mjs";

// Each part asserts by itself; what it returns are the counts. The servers run the built packages (npm run build).
afterAll(killAll);

/** Processes must start, on a machine that may be busy. */
const TIME = 120_000;

describe.concurrent("faults from below, in short", () => {
  test("the identity provider hangs, drips, answers nonsense, dies", { timeout: TIME }, async () => {
    const failures = ["hang", "no HTTP", "wrong types", "dies"];
    const { raw } = await runProvider({ failures, clients: 3, rounds: 1 });
    for (const { codes } of raw.ways) expect(Object.keys(codes).sort()).toEqual([...failures].sort());
  });

  test("the clock is set by an hour", { timeout: TIME }, async () => {
    const { raw } = await runClock({ clients: 3, rounds: 1 });
    expect(Object.values(raw.answered)).toEqual([12, 12, 12]);
  });

  test("the event loop stalls for two seconds", { timeout: TIME }, async () => {
    const { raw } = await runStall({ clients: 4, rounds: 1 });
    for (const counts of Object.values(raw.found)) {
      expect(counts).toEqual({ allowed: 6, permission_denied: 2, permission_timeout: 2 });
    }
  });

  test("SIGTERM during traffic", { timeout: TIME }, async () => {
    const { raw } = await runSigterm({ clients: 4, rounds: 1 });
    expect(raw.answered).toBeGreaterThan(0);
  });
});
