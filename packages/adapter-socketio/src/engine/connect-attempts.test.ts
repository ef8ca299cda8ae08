import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { gatedRule, listen, Raw, type Running, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";
import { ConnectAttempts } from "./connect-attempts.js";

afterEach(stopAll);

const all = definePolicy({ permissions: AllowAny });
const shut = definePolicy({ connect: permission("shut", { connect: () => false }), permissions: AllowAny });

/** Asks for the main namespace repeatedly, each time after its answer, and leaves it if admitted. */
async function askAgain({ io, ...server }: Running, times: number): Promise<Raw> {
  const raw = new Raw({ io, ...server });
  for (let count = 1; count <= times && !raw.isClosed; count++) {
    await raw.send("40");
    const answers = () => raw.received.filter((packet) => /^4[04]/.test(packet)).length;
    await until(() => raw.isClosed || answers() === count, `answer ${count}`);
    if (io.sockets.sockets.size > 0) await raw.send("41");
    await until(() => io.sockets.sockets.size === 0, "it has left");
  }
  return raw;
}

describe("a namespace that is asked for again", () => {
  test.each([
    ["refuses", shut],
    ["lets its client in, who leaves,", all],
  ])("130 times and %s causes 11 `authenticate` calls", async (_what, policy) => {
    const authenticate = vi.fn(() => ({}));
    const server = await listen((io) => guard(io, policy, { authenticate }));
    const raw = await askAgain(server, 130);
    expect([raw.isClosed, authenticate.mock.calls.length]).toEqual([true, 11]);
  });

  test("in one go, while it is decided, is answered by a cut", async () => {
    const { rule } = gatedRule();
    const authenticate = vi.fn(() => ({}));
    const slow = definePolicy({ connect: rule, permissions: AllowAny });
    const server = await listen((io) => guard(io, slow, { authenticate }));
    const raw = new Raw(server);
    await raw.send(...Array.from({ length: 130 }, () => "40"));
    await until(() => raw.isClosed);
    expect(authenticate.mock.calls.length).toBeLessThanOrEqual(1);
  });

  test("counts by the limits of its guard", async () => {
    const authenticate = vi.fn(() => ({}));
    const server = await listen((io) => guard(io, all, { authenticate, limits: { undecodable: 3 } }));
    expect((await askAgain(server, 130)).isClosed).toBe(true);
    expect(authenticate).toHaveBeenCalledTimes(4);
  });

  test("is answered up to the limit for an honest client", async () => {
    const server = await listen((io) => guard(io, all));
    expect((await askAgain(server, 11)).isClosed).toBe(false);
  });

  test("is nobody's concern where it is not guarded", async () => {
    const server = await listen((io) => void guard(io.of("/admin"), shut));
    expect((await askAgain(server, 30)).isClosed).toBe(false);
  });
});

describe("what is kept of the names", () => {
  const limits = { namespaces: 3, pendingBytes: 100, undecodable: 1, undecodableWindow: 60_000 } as never;

  test.each([
    ["many", ["/a", "/b", "/c"]],
    ["long", ["/".padEnd(60, "x"), "/".padEnd(40, "y")]],
  ])("has a bound: behind %s names others count as if asked for before", (_what, names) => {
    const asked = new ConnectAttempts();
    for (const name of names) expect(asked.count(name, limits)).toBe("fine");
    const further = ["/next", "/another", "/third"].map((name) => asked.count(name, limits));
    expect(further).toEqual(["fine", "often", "flood"]);
  });
});
