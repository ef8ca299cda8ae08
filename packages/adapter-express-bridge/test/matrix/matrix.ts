import { afterEach, describe, expect, test } from "vitest";
import { stopAll } from "../support.js";
import { startOracle } from "./oracle.js";
import type { Asker, Case, Made, Result, Row, Setting } from "./row.js";
import { startSocketio } from "./socketio.js";
import { startWs } from "./sockets.js";
import { prepare, VERSIONS } from "./versions.js";

/** A column of the table: a transport at a moment. */
export const COLUMNS = [
  { name: "ws connect", phase: "connect", start: startWs },
  { name: "ws action", phase: "action", start: startWs },
  { name: "socket.io connect", phase: "connect", start: startSocketio },
  { name: "socket.io action", phase: "action", start: startSocketio },
] as const satisfies readonly {
  name: string;
  phase: Setting["phase"];
  start: (setting: Setting) => Promise<Asker>;
}[];

/** The parts of an answer that a client can distinguish. */
function comparable(result: Result, other: Result) {
  const { isAllowed, status, location, cookies, challenge, message } = result;
  return {
    isAllowed,
    status,
    // The answer of an action has no headers. A 401 of ws always has a challenge.
    ...(other.cookies !== undefined && cookies !== undefined && { cookies }),
    ...(other.challenge !== undefined && result.cookies && other.cookies && { challenge }),
    ...(other.location !== undefined && result.cookies && other.cookies && { location }),
    ...(other.message !== undefined && { message }),
  };
}

/** Checks the rows of a family: over HTTP, at every moment, with every version of their framework. */
export function testFamily(family: readonly Row[]): void {
  afterEach(stopAll);
  describe.each([...family])("$package: $what", (row) => {
    for (const version of VERSIONS[row.framework]) {
      test.each(COLUMNS)(`${version}: HTTP and $name say the same`, async ({ phase, start }) => {
        const compared = await compare({ row, version, phase }, start);
        const { made } = await prepare({ row, version, phase });
        const changing = compared.some(({ wanted, isChanged }) => wanted.isAllowed && isChanged);
        expect(changing).toBe(changesAt(made, phase));
        for (const { name, one, wanted, got } of compared) {
          // The row is only meaningful if the oracle itself distinguishes the cases.
          expect([name, wanted.isAllowed, wanted.status]).toEqual([name, name.startsWith("allowed"), wanted.status]);
          const [seen, expected] = [comparable(got, wanted), comparable(wanted, got)];
          if (one.differs?.[phase]) expect([name, seen]).not.toEqual([name, expected]);
          else expect([name, seen]).toEqual([name, expected]);
        }
      });
    }
    test("without it, other answers are given", async () => {
      const version = VERSIONS[row.framework][0];
      let others = 0;
      for (const { phase, start } of COLUMNS.slice(0, 2)) {
        const left = (setting: Setting) => start({ ...setting, isLeftOut: true });
        for (const { wanted, got } of await compare({ row, version, phase }, left)) {
          if (got.isAllowed !== wanted.isAllowed || got.status !== wanted.status) others += 1;
        }
      }
      expect(others).toBeGreaterThan(0);
    }, 20_000);
  });
}

/** True when a chain replaces the body or the query in a phase. A connection has no body. */
export function changesAt({ changes }: Made, phase: Setting["phase"]): boolean {
  return changes === "query" || (changes === "body" && phase === "action");
}

/** Sends the same requests to the oracle and to a socket. */
async function compare(setting: Setting, start: (setting: Setting) => Promise<Asker>) {
  const { phase } = setting;
  const [oracle, socket] = [await startOracle(setting), await start(setting)];
  const { cases } = (await prepare(setting)).made;
  const compared: { name: string; one: Case; wanted: Result; got: Result; isChanged: boolean }[] = [];
  for (const [name, one] of Object.entries(cases)) {
    if ((one.only ?? phase) !== phase) continue;
    const wanted = await oracle.ask(one);
    compared.push({ name, one, wanted, isChanged: oracle.hasChanged?.() ?? false, got: await socket.ask(one) });
  }
  return compared;
}
