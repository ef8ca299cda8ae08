import { describe, test } from "vitest";
import { checks, type LogCheck, restartChecks, transactionChecks, wipeChecks } from "./checks.js";
import { LOG_ABILITIES, type LogAbility, type RevocationLogHarness } from "./harness.js";

const TIMEOUT = 30_000;
const BY_ABILITY: Readonly<Record<LogAbility, Readonly<Record<string, LogCheck>>>> = {
  wipe: wipeChecks,
  restart: restartChecks,
  begin: transactionChecks,
};

/**
 * Registers the tests that every log of revocations must pass, with `describe` and `test` of vitest.
 *
 * @param harness Opens logs, each empty and with as many processes as a test needs.
 * @throws {TypeError} When an entry of `lacks` has no reason, or names an unknown ability.
 */
export function revocationLogConformance(harness: RevocationLogHarness): void {
  const { name, lacks } = harness;
  for (const [ability, reason] of Object.entries(lacks)) {
    if (!Object.hasOwn(LOG_ABILITIES, ability)) throw new TypeError(`${name} lacks "${ability}", which is no ability`);
    if (!reason.includes(" ")) throw new TypeError(`${name} lacks "${ability}": say why, in words`);
  }
  describe(`${name}: revocation log conformance`, () => {
    register(harness, checks);
    for (const [ability, more] of Object.entries(BY_ABILITY)) {
      if (lacks[ability as LogAbility] === undefined) register(harness, more);
    }
  });
}

function register(harness: RevocationLogHarness, group: Readonly<Record<string, LogCheck>>): void {
  for (const [title, check] of Object.entries(group)) {
    test(title, { timeout: TIMEOUT }, async () => {
      const log = await harness.open();
      try {
        await check(log);
      } finally {
        await log.close();
      }
    });
  }
}
