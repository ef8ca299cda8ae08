import { afterAll, describe, expect, test } from "vitest";
import { findProgram } from "../../scripts/find-programs.mjs";
import { killAll } from "./lib/children.mjs";
import { stopProxies } from "./lib/proxies.mjs";
import { run as runIdleCut } from "./parts/idle-cut.mjs";
import { run as runKill } from "./parts/kill-behind-proxy.mjs";

// Each part asserts by itself; what it returns are the counts. The servers run the built packages (npm run build).
afterAll(async () => {
  await killAll();
  await stopProxies();
});

/** Processes must start, on a machine that may be busy. */
const TIME = 120_000;

describe.each(["nginx", "haproxy"] as const)("behind %s", (proxy) => {
  const isMissing = findProgram(proxy) === undefined;

  test.skipIf(isMissing)("kill -9 of one of two servers", { timeout: TIME }, async () => {
    const { raw } = await runKill({ clients: 6, rounds: 1, proxies: [proxy] });
    expect(raw.found).toHaveLength(3);
    for (const { returned, refused } of raw.found) {
      expect(returned).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(3);
    }
  });

  test.skipIf(isMissing)("connections that say nothing are cut", { timeout: TIME }, async () => {
    const { raw } = await runIdleCut({ clients: 4, rounds: 1, proxies: [proxy] });
    expect(raw).toEqual({ cut: 12, kept: 12 });
  });
});
