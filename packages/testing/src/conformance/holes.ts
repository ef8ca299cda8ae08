import {
  AllowAny,
  BasePermission,
  type Consumer,
  definePolicy,
  deny,
  IsAuthenticated,
  type Payload,
  permission,
  type Scope,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { deferred, secretPayload, sleep, until } from "../lab.js";
import {
  expectAnsweredOnce,
  expectDenied,
  expectHandled,
  expectRefused,
  expectReplied,
  isReserved,
  rules,
  type Subject,
} from "./subject.js";

const SECRET = "s3cret-of-a-hole";
const bearer = { authenticate: ({ token }: { token: string | undefined }) => ({ user: token ? { id: token } : null }) };

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

/** Holes that were found in other systems, each with its name and source. */
export const holes: Subject = {
  "cross-site WebSocket hijacking (CVE-2026-41700, CVE-2025-24010, GHSA-f53g-frr2-jhpf)": async (lab) => {
    const server = await lab.guard(rules(), { authenticate: () => ({ user: { id: "whose cookie it is" } }) });
    const cookie = { headers: { cookie: "session=of-the-victim" } };
    for (const handshake of [{ ...cookie, origin: "https://evil.example" }, cookie]) {
      expectRefused(lab, await server.tryHandshake(handshake), "origin_not_allowed", 403);
    }
    expectHandled(await (await server.connect({ ...cookie, origin: server.origin })).request("ping"));
  },

  "rules on connect only, stale afterwards (aspnetcore #5283, socket.io #5491, SignalR #67409)": async (lab) => {
    const banned = new Set<unknown>();
    const fit = permission("fit", {
      connect: ({ scope }) => !banned.has((scope.user as { id: string }).id),
      action: ({ scope }) => !banned.has((scope.user as { id: string }).id),
    });
    const server = await lab.guard(definePolicy({ permissions: fit }), bearer);
    const client = await server.connect({ token: "mallory" });
    expectHandled(await client.request("ping"));
    banned.add("mallory");
    expectDenied(await client.request("ping"), "permission_denied", 403);
    client.terminate();
    await until(() => server.ended.length === 1, "the application hears of the end");
    const comesBack = { token: "mallory", ...(client.raw && { resumes: client.raw }) };
    expectRefused(lab, await server.tryHandshake(comesBack), "permission_denied", 403);
    expect(server.actions).toEqual(["ping"]);
  },

  "memory and slots before authentication (hocuspocus GHSA-xwhh-v746-pj9m, nes, SocketCluster)": async (lab) => {
    const server = await lab.guard(rules({ say: AllowAny }), {
      limits: { handshake: 80 },
      authenticate: () => new Promise(() => {}),
    });
    const text = "x".repeat(1000);
    const early = Array.from({ length: 200 }, (_, id) => ({ id, action: "say", payload: { text }, wantsAnswer: true }));
    const knocks = await Promise.all(Array.from({ length: 20 }, () => server.tryHandshake({ early })));
    expect(knocks.map(({ status }) => status)).toEqual(Array(20).fill("cut"));
    expect([server.opened, server.handled, [...server.guard.sessions]]).toEqual([[], [], []]);
  },

  "an async gap after accept (Nest 11 handleConnection, mercurius #167)": async (lab) => {
    const log: string[] = [];
    const server = await lab.guard(rules({ say: IsAuthenticated }), {
      authenticate: async ({ token }) => {
        await sleep(20);
        log.push("authenticated");
        return { user: token ? { id: token } : null };
      },
      answer: () => log.push("handled"),
    });
    const early = [1, 2].map((id) => ({ id, action: "say", payload: {}, wantsAnswer: true }));
    const nobody = await server.connect({ early });
    await until(() => nobody.answers.length === 2, "the early messages are answered");
    for (const answer of nobody.answers) expectDenied(answer, "not_authenticated", 401);
    const alice = await server.connect({ token: "alice", early });
    await until(() => alice.answers.length === 2, "the early messages are answered");
    expect(log).toEqual(["authenticated", "authenticated", "handled", "handled"]);
  },

  "one bad packet kills the process (tRPC CVE-2025-43855, socket.io CVE-2024-38355)": async (lab) => {
    const explode = () => {
      throw new Error(SECRET);
    };
    const server = await lab.guard(
      rules({ bad: permission("bad", explode), worse: permission("worse", async () => explode()) }),
    );
    const [attacker, bystander] = [await server.connect(), await server.connect()];
    for (const { raw } of lab.harness.malformed.slice(0, 9)) attacker.sendRaw(raw);
    await Promise.all(attacker.sendAll(["bad", "worse", "nowhere"].map((action) => attacker.message(action))));
    expectHandled(await attacker.request("ping"));
    expectHandled(await bystander.request("ping"));
  },

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

  "another namespace or transport unguarded (airlinklabs/panel #74)": async (lab) => {
    const server = await lab.guard(
      rules(
        { own: IsAuthenticated },
        { connect: permission("notBanned", { connect: ({ scope }) => scope.query.name !== "banned" }) },
      ),
      bearer,
    );
    for (const entrance of lab.harness.entrances) {
      const client = await server.connect({ entrance });
      expectDenied(await client.request("own"), "not_authenticated", 401);
      expectDenied(await client.request("nowhere"), "unknown_action", 405);
      expectHandled(await client.request("ping"));
      expectRefused(lab, await server.tryHandshake({ entrance, query: { name: "banned" } }), "permission_denied", 403);
    }
    expect(server.actions).toEqual(lab.harness.entrances.map(() => "ping"));
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

  "a denial nobody hears (socket.io #5112, nest #2115, aspnetcore #34977)": async (lab) => {
    const hangs = () => new Promise<boolean>(() => {});
    const server = await lab.guard(
      rules({
        no: permission("no", () => false),
        late: permission("late", async () => deny("late")),
        fails: permission("fails", async () => Promise.reject(new Error(SECRET))),
        hangs: permission("hangs", hangs),
      }),
      { timeout: { action: 60 } },
    );
    const client = await server.connect();
    const messages = ["no", "late", "fails", "hangs", "nowhere"].map((action) => client.message(action));
    const answers = await Promise.all(client.sendAll(messages));
    expect(answers.map((answer) => answer?.error?.status)).toEqual([403, 403, 500, 503, 405]);
    await expectAnsweredOnce(client, ...messages);
  },

  "a denial echoes the payload or internals (Nest includeCause)": async (lab) => {
    const cause = new Error(`${SECRET} in the cause`);
    const leaky = permission("leaky", () => {
      throw Object.assign(new Error(`${SECRET} in the message`, { cause }), { [SECRET]: SECRET });
    });
    const server = await lab.guard(rules({ leaky, no: permission("no", () => false), own: IsAuthenticated }), bearer);
    const client = await server.connect();
    for (const action of ["leaky", "no", "own", "nowhere"]) {
      const answer = await client.request(action, secretPayload(SECRET));
      expect(["code", "reason", "retry", "retryAfter", "status"]).toEqual(
        expect.arrayContaining(Object.keys(answer?.error ?? { missing: true })),
      );
    }
    expect(client.text).not.toContain(SECRET);
    expect(client.text).not.toMatch(/\.ts:|node_modules|at leaky/);
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
