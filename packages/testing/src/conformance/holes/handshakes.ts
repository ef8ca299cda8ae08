import { AllowAny, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import { expect } from "vitest";
import { sleep, until } from "../../lab.js";
import { bearer, expectDenied, expectHandled, expectRefused, rules, type Subject } from "../subject.js";

/** Holes of other systems at the handshake, each with its name and source. */
export const handshakes: Subject = {
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
};
