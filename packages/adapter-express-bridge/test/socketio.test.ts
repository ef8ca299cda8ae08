import { guard } from "@portcullis/adapter-socketio";
import { AllowAny, definePolicy, IsAuthenticated, not } from "@portcullis/core";
import type { Request, RequestHandler, Response } from "express";
import { MemoryStore } from "express-session";
import type { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { deferred, sleep, uncaughtOf, until } from "../../../test/helpers.js";
import { Poller } from "../../adapter-socketio/test/polling.js";
import { fromExpress, useExpress } from "../src/index.js";
import { application, entered, requireLogin, sessionChain, socketioClient, stopSessions } from "./sessions.js";

afterEach(stopSessions);

const HOWS = [[["polling"]], [["websocket"]], [["polling", "websocket"]]] as const;
const options = { origins: [null], onDecision: () => {} };

/** An application whose sockets are guarded by its sessions. */
async function members(more: Parameters<typeof application>[1] = {}) {
  const chain = sessionChain(new MemoryStore());
  const running = await application(chain, more);
  const member = fromExpress([...chain, requireLogin], { app: running.app });
  return { ...running, chain, member };
}

/** Answers with the user of the client, and with data that must stay private. */
function listen(io: Server): void {
  io.on("connection", (socket) => {
    socket.on("note.add", (text, answer) => answer({ saved: text }));
    socket.on("secret", (answer) => answer("told"));
    socket.emit("hello");
  });
}

const LOGIN = { code: "not_authenticated", status: 401, reason: "Please log in.", retry: "after-auth" };

describe.each(HOWS)("over %j", (how) => {
  const transports = [...how];

  test("useExpress identifies users, and refuses with the middleware's own answer", async () => {
    const { app, io, chain, port, logIn } = await members();
    const policy = definePolicy({ connect: IsAuthenticated, actions: { "note.add": IsAuthenticated } });
    const put = guard(io, policy, { ...options, authenticate: useExpress([...chain, requireLogin], { app }) });
    listen(io);
    const client = socketioClient(port, await logIn("ann"), { transports });
    expect(await entered(client)).toBe("open");
    expect([...put.sessions].map(({ scope }) => scope.user)).toEqual([{ name: "ann" }]);
    expect(await client.emitWithAck("note.add", "one")).toEqual({ saved: "one" });
    expect(await entered(socketioClient(port, "", { transports }))).toEqual(LOGIN);
    expect(await entered(socketioClient(port, "connect.sid=s:forged.signature", { transports }))).toEqual(LOGIN);
  });

  test("useExpress that lets everybody pass leaves the decision to the rule", async () => {
    const { app, io, chain, port, logIn } = await members();
    const policy = definePolicy({ connect: not(IsAuthenticated), permissions: AllowAny });
    guard(io, policy, { ...options, authenticate: useExpress(chain, { app }) });
    expect(await entered(socketioClient(port, "", { transports }))).toBe("open");
    expect(await entered(socketioClient(port, await logIn("ann"), { transports }))).toMatchObject({ status: 403 });
  });

  test("the user found at connect is reused without an HTTP rule", async () => {
    const { app, io, chain, member, port, logIn, logOut } = await members();
    const policy = definePolicy({ connect: member, actions: { "note.add": member, stale: IsAuthenticated } });
    guard(io, policy, { ...options, authenticate: useExpress(chain, { app }) });
    io.on("connection", (socket) => socket.onAny((...given) => given.at(-1)("allowed")));
    const cookie = await logIn("ann");
    const client = socketioClient(port, cookie, { transports });
    expect(await entered(client)).toBe("open");
    await logOut(cookie);
    expect(await client.emitWithAck("stale")).toBe("allowed");
    expect(await client.emitWithAck("note.add")).toMatchObject({ ok: false, error: LOGIN });
  });

  test("row 5: a refusal is an acknowledgement or an event", async () => {
    const { app, io, member, port, logIn, logOut } = await members();
    const throws: RequestHandler = () => {
      throw new Error("secret");
    };
    const rejects = async () => {
      await sleep(1);
      throw new Error("secret");
    };
    const actions = {
      "note.add": member,
      throws: fromExpress(throws, { app }),
      rejects: fromExpress(rejects, { app }),
    };
    guard(io, definePolicy({ connect: member, actions }), options);
    listen(io);
    const cookie = await logIn("ann");
    const client = socketioClient(port, cookie, { transports });
    expect(await entered(client)).toBe("open");
    await uncaughtOf(async (thrown) => {
      for (const action of ["throws", "rejects"]) {
        const answer = await client.emitWithAck(action);
        expect(answer).toMatchObject({ ok: false, error: { code: "permission_error", status: 500 } });
        expect(JSON.stringify(answer)).not.toContain("secret");
      }
      await logOut(cookie);
      expect(await client.emitWithAck("note.add", "late")).toEqual({ ok: false, error: LOGIN });
      const told = new Promise((resolve) => client.once("permission_denied", resolve));
      client.emit("note.add", "late");
      expect(await told).toEqual({ ok: false, action: "note.add", error: LOGIN });
      expect(thrown).toEqual([]);
    });
    expect(client.connected).toBe(true);
  });

  test("row 6: every namespace is guarded, also one of a pattern", async () => {
    const { io, member, port, logIn } = await members();
    io.of("/admin");
    io.of(/^\/room-\d+$/);
    guard(io, definePolicy({ connect: member, actions: { "note.add": member } }), options);
    const cookie = await logIn("ann");
    for (const path of ["/", "/admin", "/room-1"]) {
      expect(await entered(socketioClient(port, "", { transports }, path))).toEqual(LOGIN);
      expect(await entered(socketioClient(port, cookie, { transports }, path))).toBe("open");
    }
  });

  test("row 8: early events wait for a slow middleware", async () => {
    const { app, io, chain, port, logIn } = await members();
    const slow: RequestHandler = (_request, _response, next) => void setTimeout(next, 20);
    const rule = fromExpress([slow, ...chain, requireLogin], { app });
    guard(io, definePolicy({ connect: rule, actions: { "note.add": rule } }), options);
    listen(io);
    const client = socketioClient(port, await logIn("ann"), { transports });
    expect(await Promise.all(["one", "two", "three"].map((text) => client.emitWithAck("note.add", text)))).toEqual([
      { saved: "one" },
      { saved: "two" },
      { saved: "three" },
    ]);
  });

  test("row 9: reserved events are refused, and no argument is `{}`", async () => {
    const { io, member, port, logIn } = await members();
    guard(io, definePolicy({ connect: member, permissions: member }), options);
    const heard: unknown[] = [];
    io.on("connection", (socket) => {
      socket.on("error", (error) => heard.push(error));
      socket.on("note.add", (text, answer) => answer({ saved: text }));
    });
    const client = socketioClient(port, await logIn("ann"), { transports });
    expect(await entered(client)).toBe("open");
    const told = new Promise((resolve) => client.once("permission_denied", resolve));
    client.emit("error", null);
    expect(await told).toMatchObject({ action: "error", error: { code: "bad_message" } });
    expect(await client.emitWithAck("note.add", null)).toEqual({ saved: null });
    expect(heard).toEqual([]);
  });
});

describe.each([["polling"], ["websocket"]] as const)("row 7: a connection is resumed over %s", (transport) => {
  async function away() {
    const running = await members({ connectionStateRecovery: {} });
    const { io, member, port, logIn } = running;
    guard(io, definePolicy({ connect: member, actions: { "note.add": member } }), options);
    io.on("connection", (socket) => {
      if (!socket.recovered) void socket.join("news");
    });
    listen(io);
    const cookie = await logIn("ann");
    const client = socketioClient(port, cookie, { transports: [transport] });
    await new Promise((resolve) => client.once("hello", resolve));
    const [before] = io.sockets.sockets.values();
    client.io.engine.close();
    await until(() => !before?.connected, "the server has noticed");
    io.to("news").emit("news", "for members");
    const heard: unknown[] = [];
    client.onAny((event, value) => heard.push([event, value]));
    return { ...running, client, cookie, heard };
  }

  test("a logged-out user is refused, and gets no missed events", async () => {
    const { client, cookie, heard, logOut, io } = await away();
    await logOut(cookie);
    const entering = entered(client);
    client.connect();
    expect(await entering).toEqual(LOGIN);
    await sleep(20);
    expect([heard, io.sockets.sockets.size, io.sockets.adapter.rooms.get("news")]).toEqual([[], 0, undefined]);
  });

  test("a user still logged in gets missed events, and is re-evaluated", async () => {
    const { client, cookie, heard, logOut } = await away();
    const entering = entered(client);
    client.connect();
    expect(await entering).toBe("open");
    expect(client.recovered).toBe(true);
    await until(() => heard.length >= 2);
    expect(heard[0]).toEqual(["news", "for members"]);
    expect(await client.emitWithAck("note.add", "one")).toEqual({ saved: "one" });
    await logOut(cookie);
    expect(await client.emitWithAck("note.add", "two")).toEqual({ ok: false, error: LOGIN });
  });
});

describe("a client that polls over a new TCP connection each time", () => {
  const address: RequestHandler = (request, response, next) => {
    if (request.ip === "127.0.0.1") next();
    else response.status(403).json({ message: `who is ${request.ip}?` });
  };

  test.each(["authenticate", "connect"])("has its address when the first is closed, in %s", async (place) => {
    const { app, io, port } = await members();
    const connect = place === "connect" ? fromExpress(address, { app }) : AllowAny;
    const authenticate = place === "authenticate" ? useExpress(address, { app }) : () => {};
    const asked = deferred<unknown>();
    guard(io, definePolicy({ connect, permissions: AllowAny }), {
      ...options,
      authenticate: async (socket, question) => {
        await until(() => socket.request.socket.destroyed, "the connection is gone");
        asked.resolve(undefined);
        return authenticate(socket, question);
      },
    });
    const poller = await Poller.open({ io, port });
    const entering = poller.connect();
    await asked.promise;
    expect((await entering).body).toContain("40{");
  });
});

describe("headers", () => {
  const sets = (name: string, value: string) => (_request: Request, response: Response, next: () => void) => {
    response.setHeader(name, value);
    next();
  };

  test("a renewed session cookie reaches polling clients, and no WebSocket", async () => {
    const chain = sessionChain(new MemoryStore(), { rolling: true });
    const { app, io, port, logIn } = await application(chain);
    const member = fromExpress([sets("Set-Cookie", "seen=1"), ...chain, requireLogin], { app });
    guard(io, definePolicy({ connect: member, actions: { "note.add": member } }), options);
    const cookie = await logIn("ann");
    const poller = await Poller.open({ io, port }, { cookie });
    expect((await poller.connect()).body).toContain("40{");
    expect(poller.cookies).toEqual(["seen=1", expect.stringContaining(`${cookie};`)]);
    const client = socketioClient(port, cookie, { transports: ["websocket"] });
    expect(await entered(client)).toBe("open");
  });

  test.each(["a=1\r\nX-Injected: yes", "a=1\nX-Injected: yes", "a=1\rX-Injected: yes"])(
    "a middleware that sets the header %j fails, and sends nothing",
    async (value) => {
      const { app, io, port } = await members();
      guard(
        io,
        definePolicy({ connect: fromExpress(sets("Set-Cookie", value), { app }), permissions: AllowAny }),
        options,
      );
      const poller = await Poller.open({ io, port });
      expect((await poller.connect()).body).toContain('"code":"permission_error","status":500');
      for (const { headers } of poller.responses) expect(headers).not.toHaveProperty("x-injected");
      expect(poller.cookies).toEqual([]);
      expect(await entered(socketioClient(port, "", { transports: ["websocket"] }))).toMatchObject({ status: 500 });
    },
  );

  test("a client cookie with a hidden line break sets no header", async () => {
    const { app, io, port, chain } = await members();
    const echo = (request: Request, response: Response, next: () => void) => {
      response.cookie("echo", decodeURIComponent(request.get("cookie")?.split("=")[1] ?? ""));
      next();
    };
    guard(io, definePolicy({ connect: fromExpress([...chain, echo], { app }), permissions: AllowAny }), options);
    const poller = await Poller.open({ io, port }, { cookie: "a=1%0d%0aX-Injected:%20yes" });
    expect((await poller.connect()).body).toContain("40{");
    expect(poller.cookies).toEqual(["echo=1%0D%0AX-Injected%3A%20yes; Path=/"]);
    for (const { headers } of poller.responses) expect(headers).not.toHaveProperty("x-injected");
  });
});

describe.each(HOWS)("an application that takes the request away, over %j", (how) => {
  const transports = [...how];

  /** Drops the request, as socket.io recommends to save memory. */
  function letGo(io: Server): void {
    io.engine.on("connection", (raw: { request: unknown }) => {
      raw.request = null;
    });
  }

  test("fromExpress sees the headers, URL and address of the handshake", async () => {
    const { app, io, chain, member, port, logIn } = await members();
    const seen: string[] = [];
    const look: RequestHandler = (request, _response, next) => {
      seen.push(`${request.ip} ${request.url.split("?")[0]}`);
      next();
    };
    const rule = fromExpress([look, ...chain, requireLogin], { app });
    guard(io, definePolicy({ connect: rule, actions: { "note.add": member } }), options);
    letGo(io);
    listen(io);
    const client = socketioClient(port, await logIn("ann"), { transports });
    expect(await entered(client)).toBe("open");
    expect(await client.emitWithAck("note.add", "one")).toEqual({ saved: "one" });
    expect(await entered(socketioClient(port, "", { transports }))).toEqual(LOGIN);
    expect(seen.at(-1)).toBe("127.0.0.1 /socket.io/");
  });

  test("useExpress identifies as before", async () => {
    const { app, io, chain, port, logIn } = await members();
    const policy = definePolicy({ connect: IsAuthenticated, actions: { "note.add": IsAuthenticated } });
    guard(io, policy, { ...options, authenticate: useExpress(chain, { app }) });
    letGo(io);
    listen(io);
    const client = socketioClient(port, await logIn("ann"), { transports });
    expect(await entered(client)).toBe("open");
    expect(await client.emitWithAck("note.add", "one")).toEqual({ saved: "one" });
    expect(await entered(socketioClient(port, "", { transports }))).toMatchObject({ code: "not_authenticated" });
  });
});

test("useExpress fails without a request and a guard", async () => {
  const pass: RequestHandler = (_request, _response, next) => next();
  const authenticate = useExpress(pass, { app: null });
  await expect(authenticate({ request: null } as never)).rejects.toThrow(
    "useExpress(): the request of this socket is gone: let a guard ask, as its `authenticate`",
  );
});

test("a session cookie reaches a polling client without a request", async () => {
  const chain = sessionChain(new MemoryStore(), { rolling: true });
  const { app, io, port, logIn } = await application(chain);
  guard(io, definePolicy({ connect: fromExpress([...chain, requireLogin], { app }), permissions: AllowAny }), options);
  io.engine.on("connection", (raw: { request: unknown }) => {
    raw.request = null;
  });
  const cookie = await logIn("ann");
  const poller = await Poller.open({ io, port }, { cookie });
  expect((await poller.connect()).body).toContain("40{");
  expect(poller.cookies).toEqual([expect.stringContaining(`${cookie};`)]);
});
