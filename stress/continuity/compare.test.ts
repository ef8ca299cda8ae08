import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findProgram } from "../../scripts/find-programs.mjs";

const program = fileURLToPath(new URL("compare.mjs", import.meta.url));

// The processes run the built packages (npm run build).
test.skipIf(findProgram("redis-server") === undefined)(
  "revoke() keeps every ban beside two adapters on redis-server",
  { timeout: 180_000 },
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, "--minutes", "0.02"]);
    const rows = [...stdout.matchAll(/^(revoke|disconnectSockets)\(\), .*? {2,}(\d+) +(\d+) +(\d+) +(\d+) /gm)];
    const ways = rows.map(([, way, faults, bans, late, brokenHere]) => ({
      way,
      isFaultless: faults === "0",
      hasBans: Number(bans) > 0,
      // The adapters may lose a ban.
      broken: way === "revoke" ? Number(late) + Number(brokenHere) : undefined,
    }));
    const adapter = { way: "disconnectSockets", hasBans: true, broken: undefined };
    const faultless = [{ way: "revoke", hasBans: true, broken: 0 }, adapter, adapter];
    expect(ways).toEqual([true, false].flatMap((isFaultless) => faultless.map((way) => ({ ...way, isFaultless }))));
  },
);
