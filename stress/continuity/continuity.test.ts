import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findProgram } from "../../scripts/find-programs.mjs";

const program = fileURLToPath(new URL("run.mjs", import.meta.url));

// The processes run the built packages (npm run build).
describe.each([
  ["redis-server", "redis-without-file"],
  ["Postgres", "postgres"],
] as const)("three processes on %s", (server, engine) => {
  test.skipIf(findProgram(server) === undefined)(
    "a ban holds within `every`, whatever fails",
    {
      timeout: 120_000,
    },
    async () => {
      const args = [program, "--only", engine, "--minutes", "0.15"];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      expect(stdout).toContain("\n  0 violations\n");
    },
  );
});

test.skipIf(findProgram("redis-server") === undefined)(
  "revoked connections of a crowd on redis-server are closed",
  {
    timeout: 120_000,
  },
  async () => {
    const crowd = fileURLToPath(new URL("crowd.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [crowd, "--connections", "200"]);
    const closed = [...stdout.matchAll(/'(\d+) of (\d+)'/g)].map(([, some, all]) => [Number(some), Number(all)]);
    // Those that were revoked before are not closed again.
    expect(closed).toEqual([
      [2, 2],
      [50, 50],
      [0, 0],
      [148, 200],
      [2, 2],
      [50, 50],
      [200, 200],
    ]);
  },
);
