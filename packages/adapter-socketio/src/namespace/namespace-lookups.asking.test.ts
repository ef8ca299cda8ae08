import { describe, expect, test, vi } from "vitest";
import { clientOf, engineOf, StubConnection } from "../../test/stub-connection.js";
import type { BareNamespace, BareServer, Decide } from "../socketio-internals.js";
import { watchLookups } from "./namespace-lookups.js";

const down = new Error("of the application");
const made = { name: "/a" } as BareNamespace;

/** The functions of a server, or of a view of it. */
interface Asked {
  readonly parentNsps: ReadonlyMap<Decide, unknown>;
}

/** A server that asks its functions one after the other, as socket.io does, and what its listener heard. */
function serverOf(...decides: Decide[]) {
  const heard: unknown[] = [];
  const found: unknown[] = [];
  const io = {
    parentNsps: new Map(decides.map((decide) => [decide, {}])),
    _checkNamespace(this: Asked, name: string, auth: unknown, done: (namespace: BareNamespace | false) => void) {
      const functions = this.parentNsps.keys();
      const ask = () => {
        const next = functions.next();
        if (next.done) return done(false);
        next.value(name, auth, (error, isAccepted) => (error || !isAccepted ? ask() : done(made)));
      };
      ask();
    },
  };
  watchLookups(io as unknown as BareServer, {
    fault: (error) => heard.push(error),
    refused: (engine, request, decision) => heard.push([engine, request, decision.code]),
  });
  const check = (name: string, auth: unknown = {}) => io._checkNamespace(name, auth, (it) => found.push(it));
  return { check, heard, found };
}

const answer = (isAccepted: boolean): Decide => vi.fn((_name, _auth, next) => next(null, isAccepted));

describe("a lookup without a connection", () => {
  test("asks no more functions than socket.io does", () => {
    const decides = [answer(false), answer(true), answer(true)];
    const { check, heard, found } = serverOf(...decides);
    check("/a", { t: 1 });
    expect([found, heard]).toEqual([[made], []]);
    expect(decides.map((decide) => vi.mocked(decide).mock.calls.length)).toEqual([1, 1, 0]);
    expect(vi.mocked(decides[0] as Decide)).toHaveBeenCalledWith("/a", { t: 1 }, expect.any(Function));
  });

  test("finds nothing where there is no function", () => {
    const { check, heard, found } = serverOf();
    check("/a");
    expect([found, heard]).toEqual([[false], []]);
  });

  test("asks one function for each that refuses, however often", () => {
    const [hanging, later] = [vi.fn(), answer(true)];
    const twice: Decide = (_name, _auth, next) => {
      next(null, false);
      next(null, false);
    };
    const { check, found } = serverOf(twice, hanging, later);
    check("/a");
    expect([found, hanging.mock.calls.length, vi.mocked(later).mock.calls.length]).toEqual([[], 1, 0]);
  });

  test.each<[string, Decide]>([
    [
      "throws",
      () => {
        throw down;
      },
    ],
    ["rejects", () => Promise.reject(down)],
  ])("finds nothing where a function %s, and asks no other", async (_how, decide) => {
    const later = answer(true);
    const { check, heard, found } = serverOf(decide, later);
    check("/a");
    await new Promise((resolve) => setImmediate(resolve));
    expect([found, heard]).toEqual([[false], [down]]);
    expect(later).not.toHaveBeenCalled();
  });

  test.each<[string, Decide]>([
    [
      "throws",
      (_name, _auth, next) => {
        next(null, true);
        throw down;
      },
    ],
    [
      "rejects",
      async (_name, _auth, next) => {
        next(null, true);
        throw down;
      },
    ],
  ])("keeps the answer of a function that then %s", async (_how, decide) => {
    const { check, heard, found } = serverOf(decide);
    check("/a");
    await new Promise((resolve) => setImmediate(resolve));
    expect([found, heard]).toEqual([[made], [down]]);
  });

  test("drops the answer of a function that has failed", async () => {
    let next = (_error: unknown, _isAccepted: unknown) => {};
    const later = answer(true);
    const { check, found } = serverOf((_name, _auth, given) => {
      next = given;
      throw down;
    }, later);
    check("/a");
    next(null, false);
    expect(found).toEqual([false]);
    expect(later).not.toHaveBeenCalled();
  });

  test("awaits nothing that only resembles a promise", () => {
    const then = vi.fn();
    const { check, heard } = serverOf(() => ({ then, catch: then }));
    check("/a");
    expect([then.mock.calls, heard]).toEqual([[], []]);
  });
});

describe("a lookup for a client", () => {
  /** A client that asks for namespaces which do not exist yet. */
  function asking(limits: object, ...decides: Decide[]) {
    const parts = serverOf(...decides);
    const connection = new StubConnection();
    const engine = engineOf(connection, limits);
    const { client } = clientOf(connection);
    client.connect = (name, auth) => parts.check(name, auth);
    engine.trackClient(client, () => true);
    return { ...parts, connection, engine, client };
  }
  const hanging: Decide = () => {};

  test("ends with its answer", () => {
    const asked = asking({ namespaces: 1 }, answer(false));
    for (const name of ["/a", "/b", "/c"]) asked.client.connect(name, {});
    expect([asked.found, asked.connection.closes]).toEqual([[false, false, false], []]);
  });

  test("destroys the connection of a client with too many", () => {
    const asked = asking({ namespaces: 1 }, hanging);
    for (const name of ["/a", "/b"]) asked.client.connect(name, {});
    expect([asked.found, asked.connection.closes]).toEqual([[], [true]]);
  });

  test("is refused where its `auth` is too large", () => {
    const decide = vi.fn();
    const { client, engine, heard, found } = asking({ pendingBytes: 100 }, decide);
    const auth = { t: "x".repeat(100) };
    client.connect("/a", auth);
    expect([found, heard]).toEqual([[], [[engine, { client, name: "/a", auth }, "payload_too_large"]]]);
    expect(decide).not.toHaveBeenCalled();
  });

  test("finds nothing where it is repeated too often", () => {
    const decide = vi.fn(answer(false));
    const { client, connection, found } = asking({ undecodable: 1 }, decide);
    for (let n = 0; n < 3; n++) client.connect("/a", {});
    expect([found, decide.mock.calls.length, connection.closes]).toEqual([[false, false, false], 2, []]);
  });

  test("is not counted where there is no function to ask", () => {
    const { client, connection, found } = asking({ namespaces: 1, undecodable: 1 });
    for (let n = 0; n < 20; n++) client.connect("/a", {});
    expect([found.length, connection.closes]).toEqual([20, []]);
  });
});
