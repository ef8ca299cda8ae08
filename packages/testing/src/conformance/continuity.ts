import { permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { expect } from "vitest";
import { until } from "../lab.js";
import { expectClosed, expectDenied, expectHandled, holding, rules, type Subject } from "./subject.js";

const RENEW = "auth.renew";

interface Member {
  readonly user: { readonly id: string; readonly isAdmin?: boolean } | null;
  readonly end?: number | undefined;
}

const identify = ({ user, end }: Member) => ({ ...(user && { subjects: [`user:${user.id}`] }), expiresAt: end });

/** Options of a guard with continuity. `life` is that of a token in milliseconds. */
function lasting(more: object = {}, life?: number) {
  const end = () => (life === undefined ? undefined : Date.now() + life);
  return {
    authenticate: (_credentials: unknown, facts: { renewal?: { token?: unknown } }) => ({
      user: facts.renewal?.token === "bob" ? { id: "bob" } : { id: "ann" },
      end: end(),
    }),
    identify: identify as never,
    continuity: continuity(more),
  } as never;
}

/** Connections whose authorization ends while they are open. */
export const lastingIdentities: Subject = {
  "an identity that expires refuses messages, then closes with 4401": async (lab) => {
    const server = await lab.guard(rules(), lasting({ warnBefore: 200, grace: 400 }, 400));
    const client = await server.connect();
    expectHandled(await client.request("ping"));
    await until(() => client.text.includes("auth.expired"), "the client is told of the end");
    expect(client.text.indexOf("auth.expiring")).toBeGreaterThanOrEqual(0);
    expectDenied(await client.request("ping"), "token_expired", 401);
    await expectClosed(client, 4401);
    expect(server.actions).toEqual(["ping"]);
  },

  "a renewal over the connection prolongs it, and reaches no listener": async (lab) => {
    const server = await lab.guard(rules(), lasting({ renew: { action: RENEW } }, 60_000));
    const client = await server.connect();
    const answer = await client.request(RENEW, { token: "ann" });
    expectHandled(answer);
    expect(JSON.stringify(answer?.data)).toContain("59");
    expectDenied(await client.request(RENEW, { token: "bob" }), "principal_changed", 403);
    expectHandled(await client.request("ping"));
    expect(server.actions).toEqual(["ping"]);
  },

  "a renewal is answered while other messages wait": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held }), lasting({ renew: { action: RENEW } }, 60_000));
    const client = await server.connect();
    const waiting = client.request("held");
    const behind = client.request("ping");
    await until(() => asked.length === 1, "the rule is asked");
    expectHandled(await client.request(RENEW, { token: "ann" }));
    resolve(true);
    expectHandled(await waiting);
    expectHandled(await behind);
  },

  "revoke() ends the connections of a subject, and hands nothing on": async (lab) => {
    const revocations = memoryRevocations();
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held }), lasting({ revocations }));
    const client = await server.connect();
    const pending = client.request("held");
    await until(() => asked.length === 1, "the rule is asked");
    expect(await revocations.revoke("user:ann")).toMatchObject({ here: 1 });
    resolve(true);
    await expectClosed(client, 4401);
    expect(await pending).toBeUndefined();
    expect([server.actions, [...server.guard.sessions]]).toEqual([[], []]);
  },

  "refresh() makes messages wait for the new scope": async (lab) => {
    const revocations = memoryRevocations();
    let isAdmin = true;
    const admin = permission("admin", ({ scope }) => (scope as unknown as Member).user?.isAdmin === true);
    const server = await lab.guard(rules({ admin }), {
      authenticate: async () => ({ user: { id: "ann", isAdmin } }),
      identify,
      continuity: continuity({ revocations }),
    } as never);
    const client = await server.connect();
    expectHandled(await client.request("admin"));
    isAdmin = false;
    await revocations.refresh("user:ann");
    expectDenied(await client.request("admin"), "permission_denied", 403);
    expectHandled(await client.request("ping"));
  },

  "a revalidation that is refused ends an idle connection": async (lab) => {
    let isThere = true;
    const server = await lab.guard(rules(), {
      authenticate: async () => ({ user: isThere ? { id: "ann" } : null }),
      identify,
      continuity: continuity({ revalidate: { every: 500 } }),
    } as never);
    const client = await server.connect();
    isThere = false;
    await expectClosed(client, 4401);
    expect([...server.guard.sessions]).toEqual([]);
  },
};
