import { expect, vi } from "vitest";
import type { ClientHandshake } from "../harness.js";
import type { Lab, LabOptions } from "../lab.js";
import { expectHandled, expectRefused, rules, type Subject } from "./subject.js";

type Handshakes = (ownOrigin: string) => readonly ClientHandshake[];

async function expectAdmitted(lab: Lab, options: LabOptions, handshakes: Handshakes): Promise<void> {
  const server = await lab.guard(rules(), options);
  for (const handshake of handshakes(server.origin)) {
    expectHandled(await (await server.connect(handshake)).request("ping"));
  }
}

async function expectTurnedAway(lab: Lab, options: LabOptions, handshakes: Handshakes): Promise<void> {
  let count = 0;
  const server = await lab.guard(rules(), { authenticate: () => void ++count, ...options });
  for (const handshake of handshakes(server.origin)) {
    expectRefused(lab, await server.tryHandshake(handshake), "origin_not_allowed", 403);
  }
  expect(count, "`authenticate` is not asked").toBe(0);
  expect(server.opened).toEqual([]);
}

const APP = "https://app.example";
const EVIL = "https://evil.example";
const cookie = { headers: { cookie: "session=abc" } };

/** The handshake of a browser with cookies, from a page with that `Sec-Fetch-Site`. */
const from = (site: string): ClientHandshake => ({ headers: { ...cookie.headers, "sec-fetch-site": site } });

/** Origins of handshakes. */
export const origin: Subject = {
  "with a list: its origins are admitted": (lab) =>
    expectAdmitted(lab, { origins: [APP, "https://other.example:8443"] }, () => [
      { origin: APP },
      { origin: APP, ...cookie },
      { origin: "https://other.example:8443" },
    ]),

  "with a list: all else is refused, the server's own origin and a missing one too": (lab) =>
    expectTurnedAway(lab, { origins: [APP] }, (own) => [
      {},
      { origin: own },
      { origin: EVIL },
      { origin: "null" },
      { origin: "http://app.example" },
      { origin: `${APP}:8443` },
      { origin: `${APP}.evil.example` },
      { origin: "https://sub.app.example" },
    ]),

  "with a list: null stands for a missing origin, and for that only": async (lab) => {
    await expectAdmitted(lab, { origins: [APP, null] }, () => [{}, cookie, { origin: APP }]);
    await expectTurnedAway(lab, { origins: [APP, null] }, () => [{ origin: "null" }, { origin: EVIL }]);
  },

  "with a regular expression: only whole matches are admitted": async (lab) => {
    const origins = [/^https:\/\/[a-z0-9-]+\.app\.example$/];
    await expectAdmitted(lab, { origins }, () => [
      { origin: "https://one.app.example" },
      { origin: "https://two.app.example:443", ...cookie },
    ]);
    await expectTurnedAway(lab, { origins }, (own) => [
      {},
      { origin: own },
      { origin: APP },
      { origin: "https://one.app.example.evil.example" },
      { origin: "https://evil.example/https://one.app.example" },
    ]);
  },

  "with a function: only true admits": async (lab) => {
    const ofApp = (origin: string | undefined) => origin === APP;
    await expectAdmitted(lab, { origins: ofApp }, () => [{ origin: APP }, { origin: `${APP}:443` }]);
    await expectTurnedAway(lab, { origins: ofApp }, (own) => [{}, { origin: own }, { origin: EVIL }]);
    await expectTurnedAway(lab, { origins: (() => 1) as never }, () => [{ origin: APP }]);
  },

  "with a function that throws or returns a promise: none admitted": async (lab) => {
    const failing = [
      () => {
        throw new Error("down");
      },
      async () => true,
    ];
    for (const origins of failing) {
      const server = await lab.guard(rules(), { origins: origins as never });
      expectRefused(lab, await server.tryHandshake({ origin: APP }), "permission_error", 500);
    }
  },

  'with "*": every origin is admitted, with one warning': async (lab) => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const from = [{}, { origin: EVIL }, { origin: "null" }, { origin: APP, ...cookie }, { origin: EVIL, ...cookie }];
      await expectAdmitted(lab, { origins: "*" }, () => from);
      expect(print.mock.calls.flat()).toEqual([expect.stringContaining("accepted a page of https://app.example")]);
    } finally {
      print.mockRestore();
    }
  },

  "without a list: the same origin, or neither Origin nor cookies": (lab) =>
    expectAdmitted(lab, {}, (own) => [{}, { origin: own }, { origin: own, ...cookie }]),

  "without a list: all else is refused": (lab) =>
    expectTurnedAway(lab, {}, () => [cookie, { origin: EVIL }, { origin: EVIL, ...cookie }, { origin: "null" }]),

  "a browser that polls its own origin needs no Origin": async (lab) => {
    const browser = from("same-origin");
    await expectAdmitted(lab, {}, () => [browser]);
    await expectTurnedAway(lab, { origins: [APP] }, () => [browser]);
  },

  "a cross-site browser without an Origin is refused": async (lab) => {
    const made = [from("cross-site"), from("same-site")];
    await expectTurnedAway(lab, {}, () => made);
    await expectTurnedAway(lab, { origins: [APP, null] }, () => made);
  },

  "an empty list admits nobody": (lab) =>
    expectTurnedAway(lab, { origins: [] }, (own) => [{}, { origin: own }, { origin: APP }]),
};
