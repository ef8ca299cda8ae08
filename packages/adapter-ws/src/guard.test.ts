import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { DecisionEvent } from "@portcullis/core";
import { AllowAny, DenyAll, definePolicy, IsAuthenticated, PermissionMisuse, permission } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Client, frame, knock, MODES, sleep, start, stopAll, Tcp, until } from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const open = definePolicy({ permissions: AllowAny });

describe.each(MODES)("a server made with `%s`", (mode) => {
  test("forwards exactly the allowed messages, in order and unchanged", async () => {
    const { url, handled } = await start({ mode });
    const client = await Client.open(url);
    const allowed = [
      '{"action":"slow","request_id":1}',
      '{ "action" : "ping" }',
      '{"action":"ping","x":[1,{"y":null}]}',
    ];
    client.send(allowed[0], { action: "secret", request_id: 2 }, allowed[1], "[]", { action: "nope" }, allowed[2]);
    const replies = await client.replies(3);
    await until(() => handled.length === 3);
    expect(handled).toEqual(allowed);
    expect(replies.map((reply) => reply.response_status)).toEqual([403, 400, 405]);
  });

  test("refuses before the upgrade", async () => {
    const { port, sockets } = await start({
      mode,
      policy: definePolicy({ connect: IsAuthenticated, permissions: AllowAny }),
    });
    expect((await knock(port)).status).toBe(401);
    expect(sockets).toEqual([]);
  });

  test("closes a refused client that the application never sees", async () => {
    const policy = definePolicy({ connect: DenyAll, permissions: AllowAny });
    const { url, sockets } = await start({ mode, policy, options: { refuse: "close" } });
    expect(await new Client(url).end()).toEqual({ code: 4403, reason: "permission_denied" });
    expect(sockets).toEqual([]);
  });

  test("pairs each connection with its handshake, in any order", async () => {
    const answers = new Map<unknown, (is: boolean) => void>();
    const door = permission("door", {
      connect: ({ scope }) => new Promise<boolean>((answer) => answers.set(scope.query.n, answer)),
    });
    const policy = definePolicy({ connect: door, permissions: AllowAny });
    const { url, sockets, session } = await start({ mode, policy });
    const clients = ["1", "2", "3", "4"].map((n) => Client.open(`${url}?n=${n}`));
    await until(() => answers.size === 4);
    const order = ["3", "1", "4", "2"];
    for (const n of order) {
      const count = sockets.length;
      answers.get(n)?.(true);
      await until(() => sockets.length > count);
    }
    expect(sockets.map((_socket, index) => session(index).scope.query.n)).toEqual(order);
    await Promise.all(clients);
  });
});

describe("the guard", () => {
  test("lists its sessions", async () => {
    const { url, guard, sockets } = await start();
    const clients = [await Client.open(url), await Client.open(url)];
    expect([...guard.sessions]).toEqual(sockets.map((socket) => guard.sessionOf(socket)));
    const stranger = clients[0]?.socket as WebSocket;
    expect(guard.findSession(stranger)).toBeUndefined();
    expect(() => guard.sessionOf(stranger)).toThrow("sessionOf() got a socket that this guard has not admitted");
    expect(guard.findSession(sockets[0] as WebSocket)).toBe(guard.sessionOf(sockets[0] as WebSocket));
    expect(new Set([...guard.sessions].map(({ id }) => id)).size).toBe(2);
    clients[0]?.socket.close();
    await until(() => guard.sessions.size === 1);
    expect(guard.sessionOf(sockets[0] as WebSocket)?.signal.aborted).toBe(true);
  });

  test("replaces its policy", async () => {
    const { url, guard, handled } = await start();
    const client = await Client.open(url);
    guard.replace(definePolicy({ actions: { ping: DenyAll, secret: AllowAny } }));
    client.send({ action: "ping" }, { action: "secret" });
    expect(await client.replies(1)).toMatchObject([{ action: "ping", response_status: 403 }]);
    await until(() => handled.length === 1);
    expect(() => guard.replace({} as never)).toThrow(PermissionMisuse);
  });

  test("drains on close, then closes with 1001 and admits nobody", async () => {
    const { url, port, guard, handled } = await start();
    const client = await Client.open(url);
    const idle = await Client.open(url);
    client.send({ action: "slow", wait: 40 }, { action: "slow", wait: 1 });
    await sleep(10);
    const closed = guard.close();
    client.send({ action: "ping" });
    await closed;
    expect(await idle.end()).toEqual({ code: 1001, reason: "going away" });
    expect(await client.end()).toEqual({ code: 1001, reason: "going away" });
    expect(handled).toHaveLength(2);
    expect(guard.sessions.size).toBe(0);
    const refused = await knock(port);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body).error.code).toBe("going_away");
  });

  test.each([true, false])("closes the socket of another server, with clientTracking %s", async (clientTracking) => {
    const { wss, guard, handled } = await start({ server: { clientTracking } });
    const other = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    other.on("connection", (socket, request) => wss.emit("connection", socket, request));
    await once(other, "listening");
    const client = await Client.open(`ws://127.0.0.1:${(other.address() as AddressInfo).port}`);
    client.send({ action: "ping" });
    expect(await client.end()).toEqual({ code: 1012, reason: "guarded" });
    expect(handled).toEqual([]);
    expect(guard.audit()).toEqual([expect.stringContaining("sockets of another server")]);
    other.close();
  });

  test("finds replaced options with audit()", async () => {
    const { wss, guard, url, handled } = await start();
    await Client.open(url);
    expect(guard.audit()).toEqual([]);
    const { WebSocket: Guarded } = wss.options;
    wss.options.WebSocket = WebSocket;
    expect(guard.audit()).toEqual([expect.stringContaining("`options.WebSocket` was replaced")]);
    const cut = new Client(url);
    expect((await cut.end()).code).toBe(1006);
    wss.options.WebSocket = Guarded as typeof WebSocket;
    wss.options.verifyClient = () => true;
    const unasked = await Client.open(url);
    expect(guard.audit()).toEqual([
      expect.stringContaining("`options.verifyClient` was replaced"),
      expect.stringContaining("deliver nothing: 1"),
    ]);
    unasked.send({ action: "ping" });
    expect(await unasked.end()).toEqual({ code: 1011, reason: "not admitted" });
    expect(handled).toEqual([]);
  });

  test("reports every decision with its session", async () => {
    const events: DecisionEvent[] = [];
    const { url, session } = await start({ options: { trace: true, onDecision: (event) => void events.push(event) } });
    const client = await Client.open(url);
    client.send({ action: "secret" }, "garbage");
    await client.replies(2);
    expect(events.map(({ phase, action, decision }) => [phase, action, decision.code])).toEqual([
      ["connect", "connect", "allowed"],
      ["action", "secret", "permission_denied"],
      ["action", "", "bad_message"],
    ]);
    expect(events[1]?.session).toBe(session());
    expect(events[1]?.trace?.rule).toMatchObject({ name: "no", outcome: "deny" });
    expect(events[0]?.consumer).toBe(session().consumer);
  });

  test("closes sockets that were open before, whatever they send", async () => {
    const { wss, port } = await start({ isBare: true, onConnection: () => {} });
    const tcp = new Tcp(port);
    tcp.knock();
    await tcp.opened();
    guard(wss, open);
    tcp.socket.end(frame("x", 3));
    await until(() => wss.clients.size === 0);
    expect(tcp.received.includes("guarded")).toBe(true);
  });

  test("forwards no messages of sockets that were open before", async () => {
    const running = await start({ isBare: true });
    const { wss, url, handled } = running;
    const client = await Client.open(url);
    await until(() => wss.clients.size === 1);
    client.send({ action: "ping", n: 1 });
    guard(wss, open);
    client.send({ action: "ping", n: 2 });
    const [socket] = wss.clients;
    expect(socket?.emit("message", Buffer.from('{"action":"ping"}'), false)).toBe(false);
    expect(await client.end()).toEqual({ code: 1012, reason: "guarded" });
    expect(handled).toEqual([]);
  });
});

describe("a session", () => {
  test("asks in a handler, renews itself, and ends the connection", async () => {
    let user: object | null = { id: 1 };
    const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny, secret: DenyAll } });
    const { url, session } = await start({ policy, options: { authenticate: () => ({ user }) } });
    const client = await Client.open(url);
    expect(await session().decide("ping")).toMatchObject({ outcome: "allow" });
    expect(await session().decide("secret", {}, { object: {} })).toMatchObject({ outcome: "deny" });
    user = { id: 2 };
    const { connectedAt } = session().scope;
    expect(await session().refresh()).toMatchObject({ outcome: "allow" });
    expect(session().scope).toMatchObject({ user: { id: 2 }, connectedAt });
    user = null;
    expect(await session().refresh()).toMatchObject({ code: "not_authenticated" });
    expect(await client.end()).toEqual({ code: 4401, reason: "not_authenticated" });
  });

  test("can be ended through the consumer of a rule or handler", async () => {
    const { url, session, sockets } = await start();
    const client = await Client.open(url);
    const { consumer } = session();
    expect(consumer).toMatchObject({ transport: "ws", raw: sockets[0], id: session().id });
    consumer.close(4000, "é".repeat(100));
    expect(await client.end()).toEqual({ code: 4000, reason: "é".repeat(61) });
    expect(session().isEnded).toBe(true);
  });

  test("stays open when the close code is invalid", async () => {
    const { url, session, handled } = await start();
    const client = await Client.open(url);
    expect(() => session().close(99)).toThrow(PermissionMisuse);
    client.send({ action: "ping" });
    await until(() => handled.length === 1);
    session().close(4000);
    expect((await client.end()).code).toBe(4000);
  });
});
