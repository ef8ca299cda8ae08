import {
  AllowAny,
  BasePermission,
  type Consumer,
  IsAuthenticated,
  type Payload,
  permission,
  type Scope,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { deferred, until } from "../../lab.js";
import { bearer, expectDenied, expectRefused, expectReplied, isReserved, rules, type Subject } from "../subject.js";

/** Denies every user but alice. */
class OnlyAlice extends BasePermission {
  override hasPermission({ user }: Scope): boolean {
    return (user as { id?: string } | null)?.id === "alice";
  }
}

/** Adds a rule about connecting. The rule about actions is inherited. */
class OnlyAliceFromTheOffice extends OnlyAlice {
  override canConnect({ query }: Scope): boolean {
    return query.office === "yes";
  }
}

/** Holes of other systems in what a client may do, each with its name and source. */
export const actions: Subject = {
  "prototype names as actions or keys (ws < 3.3.1, deepstream 10.0.5)": async (lab) => {
    const consumer = defineConsumer().action("ping", AllowAny, ({ payload }) => Object.keys(payload));
    const server = await lab.serve(consumer);
    const client = await server.connect({ query: { ["__proto__"]: "polluted" } });
    for (const name of ["__proto__", "constructor", "toString"]) {
      expectDenied(await client.request(name), "unknown_action", 405);
    }
    expectReplied(await client.request("ping", JSON.parse('{"__proto__":{"polluted":true}}')), ["__proto__"]);
    expect(({} as Payload).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(server.session.scope.query)).toBeNull();
  },

  "methods that are no actions reachable (ActionCable public methods, Feathers allow-list)": async (lab) => {
    const server = await lab.serve(defineConsumer().action("ping", AllowAny, () => "pong"));
    const client = await server.connect();
    const names = [
      "action",
      "connect",
      "permissions",
      "handler",
      "dispatch",
      "engine",
      "policy",
      "close",
      "reply",
      "emit",
      "get",
      "set",
    ].filter((name) => !isReserved(lab, name));
    for (const name of names) expectDenied(await client.request(name), "unknown_action", 405);
    expectReplied(await client.request("ping"), "pong");
  },

  "a rule lost by inheritance (Spring for GraphQL CVE-2026-41856)": async (lab) => {
    const base = defineConsumer()
      .permissions(OnlyAliceFromTheOffice)
      .action("say", IsAuthenticated, () => "base");
    const derived = base.permissions(AllowAny).handler("say", () => "derived");
    const server = await lab.serve(derived, bearer);
    expectRefused(lab, await server.tryHandshake({ token: "alice" }), "permission_denied", 403);
    const query = { office: "yes" };
    const [alice, bob] = [
      await server.connect({ token: "alice", query }),
      await server.connect({ token: "bob", query }),
    ];
    expectReplied(await alice.request("say"), "derived");
    expectDenied(await bob.request("say"), "permission_denied", 403);
  },

  "client data beside trusted data (DCRF kwargs)": async (lab) => {
    let seen: unknown[] = [];
    const look = permission("look", ({ scope, consumer, payload }) => {
      seen = [scope.user, (consumer as Consumer).id, Object.keys(payload).sort()];
      return scope.user !== null;
    });
    const server = await lab.guard(rules({ say: look }));
    const client = await server.connect();
    const forged = {
      user: { id: "alice" },
      scope: { user: { id: "alice" } },
      consumer: { id: "x" },
      self: 1,
      signal: null,
    };
    expectDenied(await client.request("say", forged), "permission_denied", 403);
    expect(seen).toEqual([null, server.session.id, Object.keys(forged).sort()]);
  },

  "revoked during an async join: check, await, revoke, join (socket.io)": async (lab) => {
    const { promise, resolve } = deferred<void>();
    const joined: string[] = [];
    const server = await lab.guard(rules({ join: IsAuthenticated }), {
      ...bearer,
      answer: async ({ session, action }) => {
        if (action !== "join") return "handled";
        await promise;
        if (!session.signal.aborted) joined.push(session.id);
        return "joined";
      },
    });
    const client = await server.connect({ token: "mallory" });
    client.sendAll([client.message("join")]);
    await until(() => server.actions.includes("join"), "the handler runs");
    server.session.close(4403, "banned");
    resolve();
    await client.closed;
    expect(joined).toEqual([]);
  },
};
