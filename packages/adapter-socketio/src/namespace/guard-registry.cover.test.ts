import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import type { BareNamespace, BareServer, Decide } from "../socketio-internals.js";
import { BY_CLIENT, GuardRegistry, type SocketGuardContext } from "./guard-registry.js";

const contextOf = (handshake = 1) =>
  ({ gate: { limits: { handshake }, timeouts: { connect: 1_000 } } }) as unknown as SocketGuardContext;

const answering = (isAccepted: boolean | Promise<boolean>): Decide =>
  vi.fn((_name, _auth, next) => void Promise.resolve(isAccepted).then((it) => next(null, it)));
const atOnce = (isAccepted: boolean): Decide => vi.fn((_name, _auth, next) => next(null, isAccepted));

const namespaceOf = (name: string) => ({ name }) as BareNamespace;
const parentOf = (...children: BareNamespace[]) =>
  ({ name: "/_parent", children: new Set(children) }) as unknown as BareNamespace;

/** The guards of a server with these parents. */
function registryOf(parents: [Decide, BareNamespace][] = [], patterns?: [RegExp, BareNamespace][]) {
  const io = { parentNsps: new Map(parents), parentNamespacesFromRegExp: patterns && new Map(patterns) };
  return new GuardRegistry(io as unknown as BareServer);
}

describe("the guard of a namespace", () => {
  test("is its own, also when it is made again by its name", () => {
    const registry = registryOf();
    const own = contextOf();
    registry.add("guard()", namespaceOf("/a"), own);
    expect([registry.coverOf(namespaceOf("/a")), registry.coverOf(namespaceOf("/b"))]).toEqual([own, undefined]);
  });

  test("is that of its parent, without another question", () => {
    const child = namespaceOf("/a");
    const decide = atOnce(true);
    const [parent, guarded] = [parentOf(child), contextOf()];
    const registry = registryOf([[decide, parent]]);
    registry.add("guard()", parent, guarded);
    expect(registry.coverOf(child)).toBe(BY_CLIENT);
    registry.trackParent(child);
    expect([registry.coverOf(child), registry.coverOf(parent)]).toEqual([guarded, guarded]);
    expect(decide).not.toHaveBeenCalled();
  });

  test("is not that of a parent with other children", () => {
    const [parent, guarded] = [parentOf(namespaceOf("/a")), contextOf()];
    const bare = namespaceOf("/_bare");
    const registry = registryOf([
      [atOnce(true), bare],
      [atOnce(true), parent],
    ]);
    registry.add("guard()", parent, guarded);
    const other = namespaceOf("/b");
    registry.trackParent(other);
    expect(registry.coverOf(other)).toBe(BY_CLIENT);
  });

  test("is its own before that of its parent", () => {
    const child = namespaceOf("/a");
    const [parent, own] = [parentOf(child), contextOf()];
    const registry = registryOf([[atOnce(true), parent]]);
    registry.add("guard()", parent, contextOf());
    registry.add("guard()", child, own);
    registry.trackParent(child);
    expect(registry.coverOf(child)).toBe(own);
  });

  test.each([
    ["the main namespace", namespaceOf("/")],
    ["a parent", parentOf()],
  ])("is that of the server for %s", (_which, namespace) => {
    const parent = parentOf();
    const registry = registryOf([[atOnce(true), parent]]);
    registry.add("guard()", parent, contextOf());
    expect(registry.coverOf(namespace)).toBeUndefined();
    const wide = contextOf();
    registry.add("guard()", undefined, wide);
    expect(registry.coverOf(namespace)).toBe(wide);
  });

  test("is that of the server where no parent is guarded", () => {
    const registry = registryOf([[atOnce(true), parentOf()]]);
    const wide = contextOf();
    registry.add("guard()", undefined, wide);
    expect(registry.coverOf(namespaceOf("/a"))).toBe(wide);
  });

  test("is given once", () => {
    const registry = registryOf();
    const parent = parentOf();
    for (const subject of [undefined, namespaceOf("/a"), parent]) {
      registry.add("guard()", subject, contextOf());
      expect(() => registry.add("serve()", subject, contextOf())).toThrow(PermissionMisuse);
    }
    expect(() => registry.add("guard()", namespaceOf("/a"), contextOf())).toThrow('the namespace "/a" is guarded');
    expect(() => registry.add("guard()", undefined, contextOf())).toThrow("guard(): this server is guarded already");
    registry.add("guard()", parentOf(), contextOf());
  });
});

test("the mark of a guard by client is the same in all copies", () => {
  expect(Symbol.keyFor(BY_CLIENT)).toBe("@portcullis/adapter-socketio/by-client");
});

describe("the guard of a client", () => {
  const [wide, second, fourth] = [contextOf(), contextOf(), contextOf()];
  /** Four functions, of which the second and the last one are guarded. */
  function started(hasWide: boolean, ...decides: [Decide, Decide, Decide, Decide]) {
    const parents = decides.map((decide): [Decide, BareNamespace] => [decide, parentOf()]);
    const registry = registryOf([...parents, [atOnce(true), parentOf()]]);
    registry.add("guard()", parents[1]?.[1], second);
    registry.add("guard()", parents[3]?.[1], fourth);
    if (hasWide) registry.add("guard()", undefined, wide);
    return registry;
  }

  test.each([
    [false, [true, true, true, true], second],
    [false, [true, false, true, true], fourth],
    [false, [true, false, true, false], undefined],
    [true, [true, true, true, true], wide],
    [true, [false, true, true, true], second],
    [true, [false, false, false, true], fourth],
    [true, [false, false, false, false], wide],
  ])("with a server's guard (%s) and the answers %j", async (hasWide, answers, expected) => {
    for (const make of [atOnce, answering]) {
      const decides = answers.map((answer) => make(answer)) as [Decide, Decide, Decide, Decide];
      const found = await started(hasWide, ...decides).find("/a", { t: 1 });
      expect([found.context === expected, found.fault]).toEqual([true, undefined]);
    }
  });

  test("asks each function once, at once or later", async () => {
    const decides = [atOnce(false), answering(false), atOnce(false), answering(true)] as [
      Decide,
      Decide,
      Decide,
      Decide,
    ];
    const found = await started(true, ...decides).find("/a", {});
    expect([found.context === fourth, decides.map((decide) => vi.mocked(decide).mock.calls.length)]).toEqual([
      true,
      [1, 1, 1, 1],
    ]);
  });

  test("has a fault where a function fails, and asks no other", async () => {
    const fails: Decide = () => {
      throw new Error("of the application");
    };
    const later = atOnce(true);
    const found = await started(false, atOnce(true), fails, atOnce(true), later).find("/a", {});
    expect(found).toEqual({ context: second, fault: expect.objectContaining({ outcome: "error", by: "io.of()" }) });
    expect(later).not.toHaveBeenCalled();
  });

  test("is first that of the first function that matters", () => {
    const decides = [atOnce(true), atOnce(true), atOnce(true), atOnce(true)] as [Decide, Decide, Decide, Decide];
    expect([started(false, ...decides).first, started(true, ...decides).first]).toEqual([second, wide]);
  });
});

describe("the reach of guards by client", () => {
  const pattern = parentOf();
  const byPattern = () => {
    const registry = registryOf(
      [[atOnce(true), pattern]],
      [
        [/^\/other/, parentOf()],
        [/^\/a/, pattern],
      ],
    );
    registry.add("guard()", pattern, contextOf());
    return registry;
  };

  test("is all or none for a pattern", () => {
    const registry = byPattern();
    expect(["/a", "/b"].map((name) => registry.reachOf(namespaceOf(name)))).toEqual(["all", "none"]);
  });

  test("is some for a function", () => {
    const parent = parentOf();
    for (const patterns of [undefined, []]) {
      const registry = registryOf([[atOnce(true), parent]], patterns);
      registry.add("guard()", parent, contextOf());
      expect(registry.reachOf(namespaceOf("/a"))).toBe("some");
    }
  });

  test("is all behind the guard of the server", () => {
    const registry = byPattern();
    registry.add("guard()", undefined, contextOf());
    expect(registry.reachOf(namespaceOf("/b"))).toBe("all");
  });
});

describe("the limits of a client whose namespace is not known", () => {
  test("are those with the longest handshake", () => {
    const registry = registryOf();
    const [short, long, middle] = [contextOf(1), contextOf(3), contextOf(2)];
    for (const [n, context] of [short, long, middle].entries()) registry.add("guard()", namespaceOf(`/${n}`), context);
    expect([registry.fallback === long, registry.limits, registry.all]).toEqual([
      true,
      { handshake: 3 },
      [short, long, middle],
    ]);
  });

  test("are those of the server", () => {
    const registry = registryOf();
    const [wide, own] = [contextOf(1), contextOf(3)];
    registry.add("guard()", namespaceOf("/a"), own);
    registry.add("guard()", undefined, wide);
    expect([registry.fallback === wide, registry.limits, registry.all]).toEqual([true, { handshake: 1 }, [wide, own]]);
  });
});
