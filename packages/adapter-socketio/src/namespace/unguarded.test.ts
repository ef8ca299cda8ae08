import { describe, expect, test } from "vitest";
import { engineOf, StubConnection } from "../../test/stub-connection.js";
import type { BareAdapter, BareNamespace, BareSocket, Done, KeptSession } from "../socketio-internals.js";
import { deferRecovery } from "./state-recovery.js";
import { admitUnguarded, withWatchedMiddlewares } from "./unguarded.js";

const STORED = { sid: "s", pid: "p", rooms: ["staff"], data: 1, missedPackets: [] };
const refused = new Error("refused");

/** A socket that nobody guards, and what becomes of it. */
function unguarded(data: unknown = {}) {
  const connection = new StubConnection();
  const engine = engineOf(connection);
  const calls: unknown[] = [];
  engine.timeout.waitForOthers = () => () => void calls.push("stops waiting");
  const socket = {
    id: "new",
    data,
    recovered: true,
    conn: { readyState: "open" },
    nsp: { sockets: new Map() },
    join: async (room: string) => void calls.push(`joins ${room}`),
    packet() {},
  };
  const admit = (middlewares: (next: Done) => void) =>
    admitUnguarded(socket as unknown as BareSocket, engine, {
      middlewares,
      done: (error) => void calls.push(["done", error]),
      refusalOf: (error) => {
        calls.push(error);
        return refused;
      },
    });
  return { socket, admit, calls };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe("a client without a guard", () => {
  test("is admitted by the middlewares once, and then waited for no more", async () => {
    const { admit, calls } = unguarded();
    admit((next) => {
      next();
      next(refused);
    });
    expect(calls).toEqual([["done", undefined]]);
    await tick();
    expect(calls).toEqual([["done", undefined], "stops waiting"]);
  });

  test("is refused by the middlewares", () => {
    const { admit, calls } = unguarded();
    const error = new Error("of the application");
    admit((next) => next(error));
    expect(calls).toEqual([["done", error]]);
  });

  test("is refused where a middleware throws", () => {
    const { admit, calls } = unguarded();
    const error = new Error("of the application");
    admit(() => {
      throw error;
    });
    expect(calls).toEqual([error, ["done", refused]]);
  });
});

describe("the session of a client without a guard", () => {
  async function returning(principal: string, prepare = (_socket: ReturnType<typeof unguarded>["socket"]) => {}) {
    const session = { ...STORED, "portcullis:principal": principal };
    const adapter = { restoreSession: async () => session } as unknown as Required<BareAdapter>;
    deferRecovery(adapter, () => undefined, 60_000);
    const { data } = (await adapter.restoreSession("p", "0")) as KeptSession;
    const made = unguarded(data);
    prepare(made.socket);
    made.admit((next) => {
      made.calls.push("middlewares");
      next();
    });
    await tick();
    return made;
  }

  test("is restored before the middlewares run", async () => {
    const { socket, calls } = await returning("unguarded");
    expect(calls).toEqual(["joins staff", "middlewares", ["done", undefined], "stops waiting"]);
    expect(socket).toMatchObject({ id: "s", recovered: true });
  });

  test("is not restored where it had a guard", async () => {
    const { socket, calls } = await returning("ann");
    expect(calls).toEqual(["middlewares", ["done", undefined], "stops waiting"]);
    expect(socket).toMatchObject({ id: "new", recovered: false });
  });

  test("is not restored while another socket has it", async () => {
    const { socket } = await returning("unguarded", ({ nsp }) => void nsp.sockets.set("s", {}));
    expect(socket).toMatchObject({ id: "new", recovered: false });
  });

  test("refuses the client where the adapter fails", async () => {
    const down = new Error("the adapter is down");
    const { calls } = await returning("unguarded", (socket) => {
      socket.join = async () => Promise.reject(down);
    });
    expect(calls).toEqual([down, ["done", refused], "stops waiting"]);
  });
});

describe("a view of a namespace", () => {
  test("sends the rejections of its middlewares on", async () => {
    const error = new Error("of the application");
    const asked: unknown[] = [];
    const middlewares = [
      async (...given: unknown[]) => {
        asked.push(given);
        throw error;
      },
      () => "no promise",
      () => undefined,
    ];
    const namespace = { name: "/a", _fns: middlewares } as unknown as BareNamespace;
    const failed: unknown[] = [];
    const view = withWatchedMiddlewares(namespace, (thrown) => failed.push(thrown));
    for (const middleware of view._fns ?? []) middleware("socket", "next");
    await tick();
    expect([view.name, asked, failed]).toEqual(["/a", [["socket", "next"]], [error]]);
    expect(namespace._fns).toBe(middlewares);
  });

  test("is the namespace itself where that has no list of middlewares", () => {
    const namespace = {} as BareNamespace;
    expect(withWatchedMiddlewares(namespace, () => {})).toBe(namespace);
  });
});
