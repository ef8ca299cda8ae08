import { AllowAny, allow, IsAuthenticated, PermissionDenied, permission } from "@portcullis/core";
import { expect } from "vitest";
import type { Credentials } from "../harness.js";
import { deferred, type Lab, sleep } from "../lab.js";
import { expectDenied, expectHandled, expectRefused, rules, type Subject } from "./subject.js";

const SECRET = "s3cret-of-authenticate";
const open = rules({ whoami: AllowAny, own: IsAuthenticated });

/** The user in the application's scope, for an answer of `authenticate`. */
async function userAfter(lab: Lab, answer: () => unknown, token?: string): Promise<unknown> {
  const server = await lab.guard(open, { authenticate: answer });
  const client = await server.connect(token === undefined ? {} : { token });
  expectHandled(await client.request("whoami"));
  return server.handled[0]?.session.scope.user;
}

/** Expects that an answer of `authenticate` refuses every client as a fault. */
async function expectFault(lab: Lab, authenticate: () => unknown): Promise<void> {
  const server = await lab.guard(open, { authenticate });
  const refused = await server.tryHandshake({ token: SECRET });
  expectRefused(lab, refused, "permission_error", 500);
  expect(refused.text).not.toContain(SECRET);
  expect(server.opened).toEqual([]);
}

/** The user of a connection. */
export const authenticate: Subject = {
  "without it everybody is anonymous": async (lab) => {
    const server = await lab.guard(open);
    const client = await server.connect({ token: "alice" });
    await client.request("whoami");
    expect(server.handled[0]?.session.scope.user).toBeNull();
    expectDenied(await client.request("own"), "not_authenticated", 401);
  },

  "what it returns is added to the scope, sync and async": async (lab) => {
    for (const isAsync of [false, true]) {
      const found = ({ token }: Credentials) => ({ user: { id: token }, tenant: "blue" });
      const server = await lab.guard(open, {
        authenticate: (credentials) => (isAsync ? sleep(5).then(() => found(credentials)) : found(credentials)),
      });
      const client = await server.connect({ token: "alice" });
      expectHandled(await client.request("own"));
      expect(server.session.scope).toMatchObject({ user: { id: "alice" }, tenant: "blue" });
    }
  },

  "nothing, null and a missing user are anonymous": async (lab) => {
    for (const answer of [undefined, null, {}, { user: null }, { tenant: "blue" }]) {
      expect(await userAfter(lab, () => answer)).toBeNull();
    }
  },

  "it is asked once, before the rules, and they see its answer": async (lab) => {
    const log: string[] = [];
    const connect = permission("judge", { connect: ({ scope }) => log.push(`rule ${JSON.stringify(scope.user)}`) > 0 });
    const server = await lab.guard(rules({}, { connect }), {
      authenticate: async ({ token }) => {
        log.push("authenticate");
        return { user: { id: token } };
      },
    });
    const client = await server.connect({ token: "alice" });
    await client.request("ping");
    expect(log).toEqual(["authenticate", 'rule {"id":"alice"}']);
  },

  "PermissionDenied refuses with its status, 401 by default": async (lab) => {
    const cases = [
      [new PermissionDenied(), "not_authenticated", 401],
      [new PermissionDenied("token_expired", { reason: "Sign in again." }), "token_expired", 401],
      [new PermissionDenied("suspended", { status: 403 }), "suspended", 403],
      [new PermissionDenied("busy", { status: 503 }), "busy", 503],
    ] as const;
    for (const [error, code, status] of cases) {
      for (const isAsync of [false, true]) {
        const server = await lab.guard(open, {
          authenticate: () => {
            if (isAsync) return Promise.reject(error);
            throw error;
          },
        });
        expectRefused(lab, await server.tryHandshake(), code, status);
      }
    }
  },

  "any other error is a fault, without details for the client": async (lab) => {
    const throwing = [new Error(SECRET), SECRET, undefined, null, { status: 401, message: SECRET }];
    for (const error of throwing) {
      await expectFault(lab, () => {
        throw error;
      });
      await expectFault(lab, () => Promise.reject(error));
    }
  },

  "an answer that is no object is a fault": async (lab) => {
    for (const answer of [true, false, 1, SECRET, [SECRET], allow]) {
      await expectFault(lab, () => answer);
      await expectFault(lab, async () => answer);
    }
  },

  "a promise in a field of its answer is a fault": async (lab) => {
    for (const key of ["user", "tenant"]) {
      const answer = () => ({ user: { id: 1 }, [key]: Promise.reject(new Error(SECRET)) });
      await expectFault(lab, answer);
      await expectFault(lab, async () => answer());
    }
  },

  "an answer that replaces a base field is a fault": async (lab) => {
    for (const key of ["headers", "transport", "query", "origin", "request", "remoteAddress"]) {
      await expectFault(lab, () => ({ user: { id: 1 }, [key]: SECRET }));
    }
  },

  "one that never answers is aborted at the deadline": async (lab) => {
    let signal: AbortSignal | undefined;
    const server = await lab.guard(open, {
      timeout: { connect: 60 },
      authenticate: (_credentials, asked) => {
        signal = asked.signal;
        return new Promise(() => {});
      },
    });
    expectRefused(lab, await server.tryHandshake(), "permission_timeout", 503);
    expect(signal?.aborted).toBe(true);
  },

  "its time is part of the connect question's": async (lab) => {
    const connect = permission("hangs", { connect: () => new Promise<boolean>(() => {}) });
    const server = await lab.guard(rules({}, { connect }), {
      timeout: { connect: 1200 },
      authenticate: () => sleep(900),
    });
    const startedAt = Date.now();
    expectRefused(lab, await server.tryHandshake(), "permission_timeout", 503);
    expect(Date.now() - startedAt).toBeLessThan(2000);
  },

  "an answer that comes too late opens nothing": async (lab) => {
    const { promise, resolve } = deferred<object>();
    const server = await lab.guard(open, { timeout: { connect: 40 }, authenticate: () => promise });
    expectRefused(lab, await server.tryHandshake(), "permission_timeout", 503);
    resolve({ user: { id: "alice" } });
    await sleep(30);
    expect(server.opened).toEqual([]);
    expect([...server.guard.sessions]).toEqual([]);
  },

  "every connection has a user of its own": async (lab) => {
    const server = await lab.guard(open, { authenticate: ({ token }) => ({ user: { id: token } }) });
    const [alice, bob] = [await server.connect({ token: "alice" }), await server.connect({ token: "bob" })];
    await bob.request("whoami");
    await alice.request("whoami");
    await bob.request("whoami");
    const users = server.handled.map(({ session }) => (session.scope.user as { id: string }).id);
    expect(users).toEqual(["bob", "alice", "bob"]);
    const ids = server.opened.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  },
};
