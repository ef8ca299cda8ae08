import { AllowAny, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import type { Hooks } from "crossws";
import { expect, test } from "vitest";
import { connect, messageOf, policy, start, strangePeer } from "../test/support.js";
import { guard } from "./index.js";

const PING = '{"action":"ping","request_id":1}';

/** A guard without a server, the hooks of which are called by hand. */
function guarded(hooks: Partial<Hooks> = {}, options: object = {}) {
  const log: string[] = [];
  const made = guard(
    {
      open: () => void log.push("open"),
      message: () => void log.push("message"),
      close: () => void log.push("close"),
      error: () => void log.push("error"),
      ping: () => void log.push("ping"),
      pong: () => void log.push("pong"),
      drain: () => void log.push("drain"),
      ...hooks,
    },
    policy,
    options,
  );
  const upgrade = async (headers: Record<string, string> = {}) => {
    const request = new Request("http://localhost/", { headers });
    return { request, answer: (await made.hooks.upgrade(request)) as { context: Record<symbol, unknown> } };
  };
  return { ...made, log, upgrade };
}

test("a peer without an upgrade reaches no hook", () => {
  const { hooks, log, findSession } = guarded();
  const { peer, done } = strangePeer();
  hooks.open(peer);
  hooks.message(peer, messageOf(PING));
  hooks.ping(peer, new Uint8Array());
  hooks.pong(peer, new Uint8Array());
  hooks.drain(peer);
  hooks.error(peer, new Error() as never);
  hooks.close(peer, { code: 1000 });
  expect(log).toEqual([]);
  expect(done).toEqual([
    ["close", 1008, "not admitted"],
    ["close", 1008, "not admitted"],
  ]);
  expect(findSession(peer)).toBeUndefined();
});

test("a peer revoked during its upgrade reaches no hook before its close", async () => {
  const revocations = memoryRevocations();
  const { hooks, log, upgrade } = guarded(
    { upgrade: async () => void (await revocations.revoke("user:ann")) },
    { identify: () => ({ subjects: ["user:ann"] }), continuity: continuity({ revocations }) },
  );
  const { answer } = await upgrade();
  const { peer } = strangePeer({ ...answer.context });
  hooks.open(peer);
  hooks.ping(peer, new Uint8Array());
  hooks.drain(peer);
  hooks.close(peer, { code: 4401 });
  expect(log).toEqual([]);
});

test("an admitted peer reaches each hook", async () => {
  const { hooks, log, upgrade } = guarded();
  const { answer } = await upgrade();
  const { peer } = strangePeer({ ...answer.context });
  hooks.open(peer);
  hooks.ping(peer, new Uint8Array());
  hooks.pong(peer, new Uint8Array());
  hooks.drain(peer);
  hooks.error(peer, new Error() as never);
  expect(log).toEqual(["open", "ping", "pong", "drain", "error"]);
});

test("an application without hooks ignores what a peer sends", async () => {
  const { hooks } = guard({}, policy);
  const { context } = (await hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer } = strangePeer({ ...context });
  hooks.open(peer);
  const data = new Uint8Array();
  expect([hooks.ping(peer, data), hooks.pong(peer, data), hooks.drain(peer)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("a client that a rule closes before it is open is closed", async () => {
  let close = () => {};
  const keeping = permission("keeping", {
    connect({ consumer }) {
      close = () => consumer.close();
      return true;
    },
  });
  const { hooks, sessions } = guard({}, definePolicy({ connect: keeping, actions: {} }));
  const { context } = (await hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  close();
  const { peer, done } = strangePeer({ ...context });
  hooks.open(peer);
  expect([done, sessions.size]).toEqual([[["close", 1008, "not admitted"]], 0]);
});

test("the context of an upgrade admits one peer", async () => {
  const { hooks, log, upgrade } = guarded();
  const { answer } = await upgrade();
  const [first, second] = [strangePeer({ ...answer.context }), strangePeer({ ...answer.context })];
  hooks.open(first.peer);
  hooks.open(first.peer);
  hooks.open(second.peer);
  hooks.message(second.peer, messageOf(PING));
  expect(log).toEqual(["open"]);
  expect(second.done).toContainEqual(["close", 1008, "not admitted"]);
});

test("the context of an open peer names nothing of the guard", async () => {
  const { hooks, upgrade } = guarded({ upgrade: () => ({ context: { mine: 1 } }) });
  const { answer } = await upgrade();
  expect(Object.keys(answer.context)).toEqual(["mine"]);
  const { peer } = strangePeer({ ...answer.context });
  hooks.open(peer);
  expect(Reflect.ownKeys(peer.context)).toEqual(["mine"]);
});

test("the request pairs a peer whose context is lost", async () => {
  const { hooks, log, upgrade } = guarded();
  const { request } = await upgrade();
  const { peer } = strangePeer();
  Object.assign(peer, { request });
  hooks.open(peer);
  hooks.message(peer, messageOf(PING));
  expect(log).toEqual(["open", "message"]);
});

test("the context of another guard admits nobody", async () => {
  const [one, other] = [guarded(), guarded()];
  const { answer } = await one.upgrade();
  const { peer, done } = strangePeer(answer.context);
  other.hooks.open(peer);
  expect(other.log).toEqual([]);
  expect(done).toEqual([["close", 1008, "not admitted"]]);
});

test("a guard in a guard asks both", async () => {
  const inner = guard({ open: () => void log.push("open") }, definePolicy({ connect: AllowAny, actions: {} }));
  const log: string[] = [];
  const outer = guard(inner.hooks, policy);
  const answer = (await outer.hooks.upgrade(new Request("http://localhost/"))) as { context: object };
  const { peer } = strangePeer({ ...answer.context });
  outer.hooks.open(peer);
  expect(log).toEqual(["open"]);
  expect([inner.sessions.size, outer.sessions.size]).toEqual([1, 1]);
});

test("a message before the open hook opens the peer first", async () => {
  const { hooks, log, upgrade } = guarded();
  const { answer } = await upgrade();
  const { peer } = strangePeer({ ...answer.context });
  hooks.message(peer, messageOf(PING));
  hooks.open(peer);
  expect(log).toEqual(["open", "message"]);
});

test("a late or second close calls no hook again", async () => {
  const { hooks, log, upgrade, sessions } = guarded();
  const { answer } = await upgrade();
  const { peer } = strangePeer({ ...answer.context });
  hooks.open(peer);
  hooks.close(peer, { code: 1000 });
  hooks.close(peer, { code: 1000 });
  hooks.message(peer, messageOf(PING));
  hooks.error(peer, new Error() as never);
  expect(log).toEqual(["open", "close"]);
  expect(sessions.size).toBe(0);
});

test.each([
  ["a response", () => new Response("mine")],
  ["`handled`", () => ({ handled: true })],
])("an upgrade that the application ends with %s admits nobody", async (_what, upgrade) => {
  const { hooks, log, ...made } = guarded({ upgrade: upgrade as never });
  const { request } = await made.upgrade();
  const { peer } = strangePeer();
  Object.assign(peer, { request });
  hooks.open(peer);
  expect(log).toEqual([]);
});

test("an upgrade hook that throws admits nobody", async () => {
  const thrown = new Response("no", { status: 418 });
  const { upgrade, sessions } = guarded({
    upgrade() {
      throw thrown;
    },
  });
  await expect(upgrade()).rejects.toBe(thrown);
  expect(sessions.size).toBe(0);
});

test("a refused peer reaches no hook before its close", async () => {
  const { hooks, log, upgrade } = guarded({}, { refuse: "close" });
  const { answer } = await upgrade({ origin: "https://elsewhere.example" });
  const { peer, done } = strangePeer({ ...answer.context });
  hooks.open(peer);
  hooks.message(peer, messageOf(PING));
  hooks.close(peer, { code: 1000 });
  expect(log).toEqual([]);
  expect(done[0]).toEqual(["close", 4403, "origin_not_allowed"]);
});

test("clients keep their own sessions", async () => {
  const { url, guard: made } = await start({
    policy: definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny } }),
    options: { authenticate: ({ headers }) => ({ user: { name: headers.get("x-user") } }) },
    hooks: { message: (peer) => void peer.send(JSON.stringify(made.sessionOf(peer)?.scope.user)) },
  });
  const names = Array.from({ length: 20 }, (_, index) => `user${index}`);
  const clients = names.map((name) => connect(url, { "x-user": name }));
  await Promise.all(clients.map(({ opened }) => opened));
  for (const { ask } of clients) ask("ping");
  await expect.poll(() => clients.map(({ frames }) => frames[0])).toEqual(names.map((name) => ({ name })));
});

test("a guard that closes during an upgrade opens no peer after it", async () => {
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { hooks, log, ...made } = guarded({ upgrade: () => asked });
  const upgrading = made.upgrade();
  await made.close();
  answer();
  const { answer: admitted } = await upgrading;
  const { peer, done } = strangePeer({ ...admitted.context });
  hooks.open(peer);
  hooks.message(peer, messageOf(PING));
  hooks.close(peer, { code: 1001 });
  expect([log, made.sessions.size]).toEqual([[], 0]);
  expect(done).toEqual([["close", 1001, "going away"]]);
});

test("audit() reports peers that the guard has not admitted", () => {
  const { hooks, audit } = guarded();
  expect(audit()).toEqual([]);
  hooks.open(strangePeer().peer);
  expect(audit()).toEqual([expect.stringContaining("peers came that this guard has not admitted")]);
});
