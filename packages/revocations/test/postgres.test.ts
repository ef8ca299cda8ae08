import { revocationLogConformance } from "@portcullis/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { postgresHarness, type RunningPostgres, startPostgres } from "./postgres-harness.js";

describe.skipIf(findProgram("Postgres") === undefined)("on Postgres", () => {
  let server: RunningPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server?.remove());

  revocationLogConformance(postgresHarness(() => server));
});
