import { revocationLogConformance } from "@portcullis/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { CLIENTS } from "./redis-clients.js";
import { type RunningRedis, redisHarness, startRedis } from "./redis-harness.js";

describe.skipIf(findProgram("redis-server") === undefined)("on redis-server", () => {
  let server: RunningRedis;
  beforeAll(async () => {
    server = await startRedis({ isDurable: true });
  }, 60_000);
  afterAll(() => server?.remove());

  for (const [name, connect] of Object.entries(CLIENTS)) {
    revocationLogConformance(redisHarness(name, () => server, connect));
  }
});
