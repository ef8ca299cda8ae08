import { AllowAny, DenyAll, PermissionMisuse, permission } from "@portcullis/core";
import { expect } from "vitest";
import { until } from "../lab.js";
import { expectClosed, expectDenied, expectHandled, expectRefused, holding, rules, type Subject } from "./subject.js";

/** A new scope or a new policy for connections that are open. */
export const renewal: Subject = {
  "session.refresh() gives the next message the new scope, and asks the connect question again": async (lab) => {
    let user = { id: 1, isBanned: false };
    let count = 0;
    const connect = permission("fit", {
      connect: ({ scope }) => ++count > 0 && !(scope.user as typeof user).isBanned,
    });
    const server = await lab.guard(rules({}, { connect }), { authenticate: async () => ({ user }) });
    const client = await server.connect();
    user = { id: 2, isBanned: false };
    expect(await server.session.refresh()).toMatchObject({ outcome: "allow" });
    expect([server.session.scope.user, count]).toEqual([user, 2]);
    expectHandled(await client.request("ping"));
    user = { id: 2, isBanned: true };
    expect(await server.session.refresh()).toMatchObject({ code: "permission_denied" });
    await expectClosed(client, 4403);
    expect(server.session.isEnded).toBe(true);
  },

  "session.refresh() closes with the code of the refusal": async (lab) => {
    const cases = [
      [() => Promise.reject(new Error("down")), 1011],
      [() => new Promise(() => {}), 1013],
    ] as const;
    for (const [fail, code] of cases) {
      let isFailing = false;
      const server = await lab.guard(rules(), {
        authenticate: () => (isFailing ? fail() : { user: { id: 1 } }),
        timeout: { connect: 60 },
      });
      const client = await server.connect();
      isFailing = true;
      await server.session.refresh();
      await expectClosed(client, code);
    }
  },

  "replace() keeps the old policy for pending decisions": async (lab) => {
    const { held, resolve, asked } = holding();
    const server = await lab.guard(rules({ held, say: AllowAny }));
    const client = await server.connect();
    const before = client.request("held");
    await until(() => asked.length === 1, "the rule is asked");
    server.guard.replace(rules({ held: DenyAll, say: DenyAll, more: AllowAny }, { connect: DenyAll }) as never);
    resolve(true);
    expectHandled(await before);
    expectDenied(await client.request("say"), "permission_denied", 403);
    expectDenied(await client.request("held"), "permission_denied", 403);
    expectHandled(await client.request("more"));
    expectRefused(lab, await server.tryHandshake(), "permission_denied", 403);
  },

  "replace() takes options for new connections, and keeps the scope of open ones": async (lab) => {
    const server = await lab.guard(rules(), { authenticate: () => ({ user: { id: "old" } }) });
    const client = await server.connect();
    const { session } = server;
    server.guard.replace(rules() as never, { authenticate: () => ({ user: { id: "new" } }) } as never);
    expectHandled(await client.request("ping"));
    expect(session.scope.user).toEqual({ id: "old" });
    await server.connect();
    expect(server.session.scope.user).toEqual({ id: "new" });
    await session.refresh();
    expect(session.scope.user).toEqual({ id: "new" });
  },

  "replace() with an option that cannot change throws and keeps the old": async (lab) => {
    const server = await lab.guard(rules({ say: DenyAll }));
    const client = await server.connect();
    for (const wrong of [{ limits: {} }, { authenticate: "ann" }, { authentciate: () => ({ user: null }) }]) {
      expect(() => server.guard.replace(rules({ say: AllowAny }) as never, wrong as never)).toThrow(PermissionMisuse);
    }
    expectDenied(await client.request("say"), "permission_denied", 403);
  },

  "replace() with an invalid policy throws and keeps the old": async (lab) => {
    const server = await lab.guard(rules({ say: DenyAll }));
    const client = await server.connect();
    for (const wrong of [undefined, {}, { actions: { say: AllowAny } }]) {
      expect(() => server.guard.replace(wrong as never)).toThrow(PermissionMisuse);
    }
    expectDenied(await client.request("say"), "permission_denied", 403);
  },
};
