import { AllowAny, DenyAll, definePolicy, IsAuthenticated } from "@portcullis/core";
import fc from "fast-check";
import type { Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  clientOf,
  listen,
  open,
  type Running,
  refusalOf,
  sleep,
  stopAll,
  uncaughtOf,
  until,
} from "../../test/support.js";
import type { Guard } from "../attach.js";
import { guard } from "../guard.js";

afterEach(stopAll);

type Next = (error: Error | null, isAccepted: boolean) => void;
type Decide = (name: string, auth: Record<string, unknown>, next: Next) => void;

const members = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
const all = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ connect: DenyAll, permissions: AllowAny });
const quiet = { onDecision: () => {} };
const authenticate = ({ handshake }: { handshake: { auth: Record<string, unknown> } }) => ({
  user: handshake.auth.token === "ann" ? { id: 1 } : null,
});
const isRoom: Decide = (name, _auth, next) => next(null, name.startsWith("/room-"));

describe("a namespace made by its name before its first client", () => {
  test.each([
    ["function", isRoom],
    ["pattern", /^\/room-/],
  ])("has the guard of the %s that accepts it", async (kind, which) => {
    const guards: Guard[] = [];
    const server = await listen((io) => {
      if (kind === "pattern") io.of("/room-7");
      guards.push(guard(io.of(which as never), members, { authenticate }) as never);
      io.of("/room-7").emit("news", "for members");
      io.of("/other").emit("news", "for all");
    });
    const heard = vi.fn();
    const anonymous = clientOf(server, "/room-7");
    anonymous.on("news", heard);
    await new Promise((resolve) => anonymous.once("connect_error", resolve));
    const ann = await open(server, "/room-7", { auth: { token: "ann" } });
    ann.on("news", heard);
    server.io.of("/room-7").emit("news", "for members");
    await until(() => heard.mock.calls.length === 1);
    expect((await open(server, "/other")).connected).toBe(true);
    const [socket] = server.io.of("/room-7").sockets.values();
    const [put] = guards as [Guard];
    expect(put.sessionOf(socket as never)).toBe([...put.sessions][0]);
    put.replace(closed);
    expect((await refusalOf(server, "/room-7", { auth: { token: "ann" } })).data?.code).toBe("permission_denied");
    await put.close();
    expect(server.io.of("/room-7").sockets.size).toBe(0);
  });

  test("has the guard of the function that accepts its client", async () => {
    const asked: unknown[] = [];
    const byTeam =
      (team: string): Decide =>
      (name, auth, next) => {
        asked.push([team, name, auth.team]);
        setImmediate(next, null, auth.team === team);
      };
    const guards: Guard[] = [];
    const server = await listen((io) => {
      for (const team of ["red", "blue"]) guards.push(guard(io.of(byTeam(team)), all) as never);
      io.of("/board");
    });
    await open(server, "/board", { auth: { team: "blue" } });
    expect(guards.map(({ sessions }) => sessions.size)).toEqual([0, 1]);
    await open(server, "/board", { auth: { team: "red" } });
    await open(server, "/board", { auth: { team: "green" } });
    expect(guards.map(({ sessions }) => sessions.size)).toEqual([1, 1]);
    expect(asked.slice(0, 3)).toEqual([
      ["red", "/board", "blue"],
      ["blue", "/board", "blue"],
      ["red", "/board", "red"],
    ]);
  });

  test.each([
    ["throws", () => throwIt(), 500],
    [
      "throws behind its answer",
      (_name, _auth, next) => {
        next(null, false);
        throwIt();
      },
      500,
    ],
    ["rejects", async () => throwIt(), 500],
    ["does not answer", () => {}, 503],
    ["answers too late", (_name, _auth, next) => void setTimeout(next, 200, null, true), 503],
  ] as [string, Decide, number][])("refuses where the function %s", async (_what, decide, status) => {
    await uncaughtOf(async (uncaught) => {
      const server = await listen((io) => {
        guard(io.of(decide), all, { ...quiet, timeout: { connect: 30 } });
        guard(io.of(isRoom), all);
        io.of("/room-7");
      });
      expect((await refusalOf(server, "/room-7")).data?.status).toBe(status);
      await sleep(5);
      expect([uncaught, server.io.of("/room-7").sockets.size]).toEqual([[], 0]);
    });
  });

  test.each([
    ["an error is a no", (_name, _auth, next) => next(new Error("no"), true), "open"],
    [
      "the first answer counts",
      (_name, _auth, next) => {
        next(null, true);
        next(null, false);
      },
      "refused",
    ],
    [
      "the first answer counts, also later",
      (_name, _auth, next) => {
        setImmediate(next, null, true);
        setTimeout(next, 5, null, false);
      },
      "refused",
    ],
    [
      "a rejection behind the answer ends nothing",
      async (_name, _auth, next) => {
        next(null, true);
        await sleep(1);
        throwIt();
      },
      "refused",
    ],
  ] as [string, Decide, string][])("%s", async (_what, decide, end) => {
    await uncaughtOf(async (uncaught) => {
      const server = await listen((io) => {
        guard(io.of(decide), closed);
        io.of("/room-7");
      });
      const entering = end === "open" ? open(server, "/room-7") : refusalOf(server, "/room-7");
      await entering;
      await sleep(10);
      expect(uncaught).toEqual([]);
    });
  });

  test("has a guard of its own before that of a function", async () => {
    const server = await listen((io) => {
      guard(io.of(isRoom), closed);
      guard(io.of("/room-7"), all);
    });
    expect((await open(server, "/room-7")).connected).toBe(true);
  });

  test("has that of the server where no function accepts it", async () => {
    const server = await listen((io) => {
      guard(io, closed);
      guard(io.of(isRoom), all);
      io.of("/room-7");
      io.of("/other");
    });
    expect((await open(server, "/room-7")).connected).toBe(true);
    for (const name of ["/other", "/"]) {
      expect((await refusalOf(server, name)).data?.code).toBe("permission_denied");
    }
  });

  test("has the server's guard if an unguarded function accepts it", async () => {
    const server = await listen((io) => {
      guard(io, closed);
      io.of(isRoom);
      guard(
        io.of((_name, _auth, next) => next(null, true)),
        all,
      );
      io.of("/room-7");
    });
    expect((await refusalOf(server, "/room-7")).data?.code).toBe("permission_denied");
  });
});

test("the main namespace is no function's: socket.io asks none about it", async () => {
  const decide = vi.fn((_name: string, _auth: unknown, next: Next) => next(null, true));
  const server = await listen((io) => void guard(io.of(decide), closed));
  expect((await open(server)).connected).toBe(true);
  expect(decide).not.toHaveBeenCalled();
});

test("guarding a function disconnects only the sockets it accepts", async () => {
  const server = await listen((io) => {
    for (const name of ["/room-7", "/other"]) io.of(name);
  });
  const [room, other] = [await open(server, "/room-7"), await open(server, "/other")];
  guard(server.io.of(isRoom), all);
  await until(() => !room.connected);
  expect(other.connected).toBe(true);
  guard(
    server.io.of((_name, _auth, next) => void setImmediate(next, null, false)),
    all,
  );
  await until(() => !other.connected);
});

test("a client whom nobody looked at is refused", async () => {
  const server = await listen((io) => {
    guard(io.of(isRoom), all, quiet);
    const room = io.of("/room-7") as unknown as { _createSocket(...given: unknown[]): Promise<object> };
    const { _createSocket: create } = room;
    room._createSocket = async (client, auth) => create.call(room, client, { ...(auth as object) });
  });
  expect((await refusalOf(server, "/room-7")).data?.code).toBe("permission_error");
});

test("a client connecting while a guard is added is refused", async () => {
  const server = await listen((io) => {
    guard(
      io.of((_name, _auth, next) => next(null, false)),
      all,
    );
    io.of("/other").use((_socket, next) => {
      guard(io.of("/third"), all);
      next();
    });
  });
  const client = clientOf(server, "/other");
  const answer = await new Promise((resolve) => {
    client.once("connect_error", ({ data }: { data?: { code: string } }) => resolve(data?.code));
    client.once("connect", () => resolve("open"));
  });
  expect(answer).toBe("permission_error");
});

test("an unguarded client in a shared namespace can be resumed", async () => {
  const server = await listen(
    (io) => {
      guard(
        io.of((_name, auth, next) => next(null, auth.guarded === true)),
        all,
      );
      io.of("/board").on("connection", (socket) => {
        if (!socket.recovered) void socket.join("news");
        socket.emit("hello");
      });
    },
    { connectionStateRecovery: {} },
  );
  await open(server, "/board", { auth: { guarded: true } });
  const client = clientOf(server, "/board");
  await new Promise((resolve) => client.once("hello", resolve));
  client.io.engine.close();
  await until(() => server.io.of("/board").sockets.size === 1);
  server.io.of("/board").to("news").emit("news", "missed");
  const heard = new Promise((resolve) => client.once("news", resolve));
  client.connect();
  expect([await heard, client.recovered]).toEqual(["missed", true]);
  expect(server.io.of("/board").adapter.rooms.get("news")?.size).toBe(2);
});

test("audit() lists what is guarded for some or for nobody", async () => {
  const { io } = await listen();
  const guarded = guard(io.of(/^\/room-/), all);
  guard(io, all);
  for (const name of ["/room-7", "/other"]) io.of(name);
  expect(guarded.audit()).toEqual([]);
  const { io: second } = await listen();
  second.of("/room-7");
  const pattern = guard(second.of(/^\/room-/), all);
  second.of("/other");
  expect(pattern.audit()).toEqual(['the namespace "/" is not guarded', 'the namespace "/other" is not guarded']);
  guard(second.of(isRoom), all);
  expect(pattern.audit()).toEqual([
    'the namespace "/" is not guarded',
    'the namespace "/other" is guarded for clients whom a guarded function accepts alone',
  ]);
});

describe("for any namespaces, parents and guards", () => {
  const NAMES = ["/a", "/b", "/ab"];
  const step = fc.oneof(
    fc.record({ kind: fc.constant("name" as const), name: fc.constantFrom(...NAMES), isGuarded: fc.boolean() }),
    fc.record({
      kind: fc.constantFrom("pattern" as const, "function" as const, "late" as const),
      name: fc.constantFrom("a", "b"),
      isGuarded: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("wide" as const), name: fc.constant(""), isGuarded: fc.constant(true) }),
  );
  interface Step {
    readonly kind: "name" | "pattern" | "function" | "late" | "wide";
    readonly name: string;
    readonly isGuarded: boolean;
  }

  /** Runs the steps of an application, and returns its guards with the names they cover. */
  function take(io: Server, steps: readonly Step[]) {
    const guards: Guard[] = [];
    const covers: ((name: string) => boolean)[] = [];
    const put = (target: never, cover: (name: string) => boolean) => {
      try {
        guards.push(guard(target, all, quiet) as never);
        covers.push(cover);
      } catch {
        // The subject is already guarded.
      }
    };
    for (const { kind, name, isGuarded } of steps) {
      const has = (other: string) => other.includes(name);
      const says: Decide = (other, _auth, next) =>
        kind === "late" ? void setImmediate(next, null, has(other)) : next(null, has(other));
      if (kind === "wide") put(io as never, () => true);
      else {
        const target = io.of((kind === "name" ? name : kind === "pattern" ? new RegExp(name) : says) as string);
        if (isGuarded) put(target as never, kind === "name" ? (other) => other === name : has);
      }
    }
    return { guards, isCovered: (name: string) => covers.some((cover) => cover(name)) };
  }

  async function enter(server: Running, name: string): Promise<void> {
    const client = clientOf(server, name);
    await new Promise((resolve) => {
      client.once("connect", () => resolve(undefined));
      client.once("connect_error", resolve);
    });
  }

  test("no socket without a session is in one that a guard covers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        let taken: ReturnType<typeof take> | undefined;
        const server = await listen((io) => {
          taken = take(io, steps);
        });
        const { guards, isCovered } = taken as ReturnType<typeof take>;
        await Promise.all([...NAMES, ...NAMES].map((name) => enter(server, name)));
        for (const name of NAMES) {
          const sockets = [...(server.io._nsps.get(name)?.sockets.values() ?? [])];
          const open = sockets.filter((socket) => guards.every((each) => each.findSession(socket) === undefined));
          if (isCovered(name)) expect(open).toEqual([]);
        }
        await stopAll();
      }),
      { numRuns: 60 },
    );
  });
});

function throwIt(): never {
  throw new Error("out of order");
}

test("a guard added during a lookup applies to its client", async () => {
  const answers: ((isAccepted: boolean) => void)[] = [];
  const server = await listen((io) => {
    guard(
      io.of((_name: string, _auth: object, next: Next) => void answers.push((isAccepted) => next(null, isAccepted))),
      members,
      quiet,
    );
    io.of("/x");
  });
  const coming = refusalOf(server, "/x");
  await until(() => answers.length === 1);
  guard(server.io.of((_name: string, _auth: object, next: Next) => next(null, true)) as never, members, quiet);
  answers[0]?.(false);
  expect((await coming).data?.code).toBe("permission_error");
});
