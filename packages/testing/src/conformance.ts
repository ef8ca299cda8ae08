import { describe, test } from "vitest";
import { acks } from "./conformance/acks.js";
import { attacked } from "./conformance/attacked.js";
import { authenticate } from "./conformance/authenticate.js";
import { batches } from "./conformance/batches.js";
import { close } from "./conformance/close.js";
import { concurrent } from "./conformance/concurrent.js";
import { connect } from "./conformance/connect.js";
import { lastingIdentities } from "./conformance/continuity.js";
import { deadlines } from "./conformance/deadlines.js";
import { events } from "./conformance/events.js";
import { faults } from "./conformance/faults.js";
import { floods } from "./conformance/floods.js";
import { guardClose } from "./conformance/guard-close.js";
import { handshake } from "./conformance/handshake.js";
import { actions } from "./conformance/holes/actions.js";
import { answers } from "./conformance/holes/answers.js";
import { handshakes } from "./conformance/holes/handshakes.js";
import { limits } from "./conformance/limits.js";
import { malformed } from "./conformance/malformed.js";
import { message } from "./conformance/message.js";
import { objects } from "./conformance/objects.js";
import { order } from "./conformance/order.js";
import { origin } from "./conformance/origin.js";
import { pending } from "./conformance/pending.js";
import { renewal } from "./conformance/renewal.js";
import { scope } from "./conformance/scope.js";
import { serve } from "./conformance/serve.js";
import { serveInput } from "./conformance/serve-input.js";
import type { AbilityCheck, Check, Subject } from "./conformance/subject.js";
import { unread } from "./conformance/unread.js";
import { ABILITIES, type Harness } from "./harness.js";
import { Lab } from "./lab.js";

const SUBJECTS: Readonly<Record<string, Subject>> = {
  connect,
  handshake,
  authenticate,
  message,
  faults,
  deadlines,
  order,
  pending,
  floods,
  limits,
  close,
  "close: the whole guard": guardClose,
  "renewal of scope and policy": renewal,
  continuity: lastingIdentities,
  objects,
  origin,
  scope,
  events,
  malformed,
  acks,
  batches,
  serve,
  "serve: input and objects": serveInput,
  "serve: concurrent handlers": concurrent,
  "answers that are not read": unread,
  "holes seen elsewhere: handshakes": handshakes,
  "holes seen elsewhere: actions": actions,
  "holes seen elsewhere: answers": answers,
};

const TIMEOUT = 15_000;
const LONG = 120_000;

/**
 * Registers the tests that every adapter must pass, with `describe` and `test` of vitest.
 *
 * @param harness Starts servers with the adapter, and connects clients to them.
 * @throws {TypeError} When an entry of `lacks` has no reason, or names an unknown ability.
 */
export function adapterConformance(harness: Harness): void {
  checkLacks(harness);
  describe(`${harness.name}: adapter conformance`, () => {
    for (const [name, subject] of Object.entries(SUBJECTS)) {
      const checks = Object.entries(subject).filter(([, check]) => isAble(harness, check));
      if (checks.length > 0) describe(name, () => register(harness, checks));
    }
    if (harness.attackable) describe("under attack", () => register(harness, Object.entries(attacked), LONG));
  });
}

function register(harness: Harness, checks: readonly [string, Check | AbilityCheck][], timeout = TIMEOUT): void {
  for (const [title, entry] of checks) {
    const check = typeof entry === "function" ? entry : entry.check;
    test(title, { timeout }, async () => {
      const lab = new Lab(harness);
      try {
        await check(lab);
      } finally {
        await lab.end();
      }
    });
  }
}

function isAble({ lacks }: Harness, check: Check | AbilityCheck): boolean {
  return typeof check === "function" || lacks[check.needs] === undefined;
}

function checkLacks({ name, lacks }: Harness): void {
  for (const [ability, reason] of Object.entries(lacks)) {
    if (!Object.hasOwn(ABILITIES, ability)) throw new TypeError(`${name} lacks "${ability}", which is no ability`);
    if (!reason.includes(" ")) throw new TypeError(`${name} lacks "${ability}": say why, in words`);
  }
}
