import { AllowAny, allow, DenyAll, not, or, PermissionDenied, permission } from "@portcullis/core";
import { expect } from "vitest";
import { type Lab, secretPayload } from "../lab.js";
import { type Check, expectAnsweredOnce, expectDenied, expectHandled, rules, type Subject } from "./subject.js";

const SECRET = "s3cret-of-a-rule";
const THEN = "then";

/** Invalid answers of a rule, which must never open the gate. */
const FAULTS: Readonly<Record<string, () => unknown>> = {
  "throws an Error": () => {
    throw new Error(SECRET);
  },
  "throws a text": () => {
    throw SECRET;
  },
  "throws undefined": () => {
    throw undefined;
  },
  "throws something that cannot be looked at": () => {
    const explode = () => {
      throw new Error(SECRET);
    };
    throw new Proxy(new Error(SECRET), { get: explode, getPrototypeOf: explode, has: explode });
  },
  "rejects with an Error": () => Promise.reject(new Error(SECRET)),
  "rejects with undefined": () => Promise.reject(undefined),
  "answers undefined": () => undefined,
  "answers null": () => null,
  "answers 1": () => 1,
  'answers "yes"': () => "yes",
  "answers {}": () => ({}),
  "answers something that looks like a decision": () => ({ ...allow({ found: SECRET }) }),
  "answers a function": () => () => true,
  "answers a promise of undefined": async () => undefined,
  "answers a promise of 1": async () => 1,
  "answers a thenable that throws": () => ({
    [THEN]() {
      throw new Error(SECRET);
    },
  }),
};

const faulty = (answer: () => unknown) => permission("faulty", () => answer() as boolean);

/** Checks that a fault refuses once, without details, unless another rule allows. */
const faultCheck =
  (answer: () => unknown): Check =>
  async (lab) => {
    const rule = faulty(answer);
    const server = await lab.guard(
      rules({
        bare: rule,
        turned: not(rule),
        twice: not(not(rule)),
        either: or(rule, DenyAll),
        rescued: or(rule, AllowAny),
      }),
    );
    const client = await server.connect();
    const messages = ["bare", "turned", "twice", "either"].map((action) =>
      client.message(action, secretPayload(SECRET)),
    );
    for (const answer of await Promise.all(client.sendAll(messages))) expectDenied(answer, "permission_error", 500);
    await expectAnsweredOnce(client, ...messages);
    expect(client.text).not.toContain(SECRET);
    expectHandled(await client.request("rescued"));
    expect(server.actions).toEqual(["ping", "rescued"]);
  };

/** As {@link faultCheck}, of a rule that `permissions` asks at every message. */
async function checkPermissions(lab: Lab, answer: () => unknown): Promise<void> {
  let isFaulty = true;
  const general = permission("general", () => (isFaulty ? (answer() as boolean) : true));
  const server = await lab.guard(rules({}, { permissions: general }));
  const client = await server.connect();
  const message = client.message("ping", secretPayload(SECRET));
  expectDenied(await client.sendAll([message])[0], "permission_error", 500);
  isFaulty = false;
  await expectAnsweredOnce(client, message);
  expect(server.handled).toHaveLength(1);
}

/** As {@link faultCheck}, of a rule about connecting. */
async function checkConnect(lab: Lab, answer: () => unknown): Promise<void> {
  for (const asked of [answer, async () => answer()]) {
    const rule = permission("faulty", { connect: () => asked() as boolean });
    for (const connect of [rule, not(rule)]) {
      const server = await lab.guard(rules({}, { connect }));
      const refused = await server.tryHandshake({ token: SECRET, query: { secret: SECRET } });
      expect([refused.status, refused.closeCode]).toContain(refused.closeCode === undefined ? 500 : 1011);
      expect(refused.text).not.toContain(SECRET);
      expect(server.opened).toEqual([]);
    }
  }
}

/** Faults of rules. */
export const faults: Subject = {
  ...Object.fromEntries(Object.entries(FAULTS).map(([what, answer]) => [`a rule that ${what}`, faultCheck(answer)])),

  "faults in `permissions`": async (lab) => {
    for (const answer of Object.values(FAULTS)) await checkPermissions(lab, answer);
  },

  "faults at connect": async (lab) => {
    for (const answer of Object.values(FAULTS)) await checkConnect(lab, answer);
  },

  "a thrown PermissionDenied is a denial that `not` keeps": async (lab) => {
    const rule = faulty(() => {
      throw new PermissionDenied("room_closed", { reason: "The room is closed", status: 410, retryAfter: 3 });
    });
    const server = await lab.guard(
      rules({ bare: rule, turned: not(rule), later: faulty(async () => Promise.reject(new PermissionDenied())) }),
    );
    const client = await server.connect();
    for (const action of ["bare", "turned"]) {
      const answer = await client.request(action);
      expect(answer?.error).toMatchObject({ code: "room_closed", status: 410, reason: "The room is closed" });
    }
    expectDenied(await client.request("later"), "permission_denied", 403);
    expect(server.handled).toEqual([]);
  },

  "the first answer of a thenable that settles twice counts": async (lab) => {
    const twice = (first: boolean) => () => ({
      [THEN](resolve: (answer: boolean) => void) {
        resolve(first);
        resolve(!first);
      },
    });
    const server = await lab.guard(rules({ no: faulty(twice(false)), yes: faulty(twice(true)) }));
    const client = await server.connect();
    const messages = [client.message("no"), client.message("yes")];
    const [no, yes] = await Promise.all(client.sendAll(messages));
    expectDenied(no, "permission_denied", 403);
    expectHandled(yes);
    await expectAnsweredOnce(client, ...messages);
  },
};
