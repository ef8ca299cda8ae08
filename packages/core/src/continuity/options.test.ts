import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import { Gate } from "../guard/gate.js";
import { continuity } from "./continuity.js";
import { memoryRevocations } from "./memory-log.js";
import { readContinuityOptions } from "./options.js";

const KEYS = "renew, warnBefore, grace, revalidate, revocations";
const LOGS = "give memoryRevocations(), or those of @portcullis/revocations";
const NAMED = 'name it, as in { action: "auth.renew" }';
const PERIOD = "write 499 * 1000 for seconds, or at least 500";

describe("continuity()", () => {
  test.each([
    [{ renews: {} }, `continuity() has no option \`renews\`: write \`renew\`; the options are ${KEYS}`],
    [{ revocations: null }, `continuity() got null as \`revocations\`: ${LOGS}`],
    [{ revocations: 1 }, `continuity() got 1 as \`revocations\`: ${LOGS}`],
    [{ renew: { name: "a" } }, "`renew` of continuity() has no option `name`: the options are action"],
    [{ renew: { action: "" } }, `continuity() got "" as the action of \`renew\`: ${NAMED}`],
    [{ renew: { action: 1 } }, `continuity() got 1 as the action of \`renew\`: ${NAMED}`],
    [
      { revalidate: { rate: 1 } },
      "`revalidate` of continuity() has no option `rate`: the options are every, grace, concurrency",
    ],
    [{ revalidate: { every: 499 } }, `\`revalidate.every\` is 499 milliseconds: ${PERIOD}`],
    [{ warnBefore: 60 }, "`warnBefore` is 60 milliseconds: write 60 * 1000 for seconds, or at least 100"],
    [{ grace: -1 }, "`grace` is -1: give milliseconds, at least 100"],
    [{ warnBefore: "1000" }, '`warnBefore` is "1000": give milliseconds, at least 100'],
    [
      { revalidate: { grace: 99 } },
      "`revalidate.grace` is 99 milliseconds: write 99 * 1000 for seconds, or at least 100",
    ],
    [
      { revalidate: false },
      "`revalidate` of continuity() is false, and a lost revocation would never be noticed: leave it out, or give { every: 3_600_000 } for one in an hour",
    ],
    [{ warnBefore: 0 }, "`warnBefore` is 0: give milliseconds, at least 100"],
    [{ grace: "10" }, '`grace` is "10": give milliseconds, at least 100'],
    [{ grace: 2 ** 31 }, "`grace` is 2147483648: give milliseconds, from 1 to 2147483647"],
    [{ grace: 99 }, "`grace` is 99 milliseconds: write 99 * 1000 for seconds, or at least 100"],
    [{ revalidate: { concurrency: 0 } }, "`revalidate.concurrency` is 0: give a whole number above 0"],
    [{ revalidate: { concurrency: 1.5 } }, "`revalidate.concurrency` is 1.5: give a whole number above 0"],
  ])("explains what is wrong with %j", (options, message) => {
    expect(() => continuity(options as never)).toThrow(new PermissionMisuse(message));
  });

  test.each([[undefined], [{ action: "auth.renew" }]])("tells the guard whether clients renew by %j", (renew) => {
    expect(continuity({ ...(renew && { renew }) })["~renews"]).toBe(renew?.action);
  });
});

test("the smallest values of revalidation are taken", () => {
  const read = readContinuityOptions({ revalidate: { every: 500, concurrency: 1 } });
  expect(read).toEqual({
    renewAction: undefined,
    warnBefore: 60_000,
    grace: 10_000,
    revalidate: { every: 500, grace: 500, concurrency: 1 },
    revocations: undefined,
  });
});

test("the smallest times of an end are taken", () => {
  expect(readContinuityOptions({ warnBefore: 100, grace: 100 })).toMatchObject({ warnBefore: 100, grace: 100 });
  expect(readContinuityOptions({ grace: 0 }).grace).toBe(0);
});

test("revocations bring a revalidation with its defaults", () => {
  const { revalidate } = readContinuityOptions({ revocations: memoryRevocations() });
  expect(revalidate).toEqual({ every: 300_000, grace: 300_000, concurrency: 10 });
});

describe("a guard with continuity()", () => {
  const policy = definePolicy({ permissions: AllowAny });
  const guard = (options: object) => new Gate("guard()", policy, options as never);

  test("throws where nobody could renew", () => {
    const options = { identify: () => null, continuity: continuity({ renew: { action: "renew" } }) };
    expect(() => guard(options)).toThrow(
      new PermissionMisuse(
        "`renew` of continuity() needs the option `authenticate`: add authenticate: (request, { renewal }) => ({ user }), which gets the payload of a renewal as `renewal`",
      ),
    );
    expect(() => guard({ ...options, authenticate: () => ({ user: null }) })).not.toThrow();
    expect(() => guard({ ...options, continuity: continuity() })).not.toThrow();
  });

  test("throws for an async `identify`", () => {
    expect(() => guard({ identify: async () => null, continuity: continuity() })).toThrow(
      new PermissionMisuse(
        "`identify` is async, and must answer at once: write it without async, and load what it needs in `authenticate`",
      ),
    );
  });
});
