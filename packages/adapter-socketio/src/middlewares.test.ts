import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KINDS, make } from "../../../test/anything.js";
import { listen, open, refusalOf, stopAll, uncaughtOf } from "../test/support.js";
import { guard } from "./guard.js";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

const all = definePolicy({ permissions: AllowAny });

describe("a middleware may refuse with anything", () => {
  test.each<[string, unknown, unknown]>([
    ["a text", "unauthorized", undefined],
    ["true", true, undefined],
    ["an object without a message", { data: { code: 1 } }, { code: 1 }],
    ["a message that is a number", { message: 5, data: [1] }, [1]],
  ])("%s, and the client gets its data", async (_what, given, data) => {
    for (const isLater of [false, true]) {
      await uncaughtOf(async (thrown) => {
        const server = await listen((io) => {
          guard(io, all);
          io.use((_socket, next) => (isLater ? void setImmediate(next, given as never) : next(given as never)));
        });
        expect([(await refusalOf(server)).data, thrown]).toEqual([data, []]);
      });
    }
  });

  test("of any kind, directly or as `data`, without a crash", async () => {
    await uncaughtOf(async (thrown) => {
      let given: unknown;
      const server = await listen((io) => {
        guard(io, all, { onDecision: () => {} });
        io.use((_socket, next) => void setImmediate(() => next(given as never)));
      });
      for (const kind of Object.keys(KINDS)) {
        given = { message: make(kind), data: make(kind) };
        await refusalOf(server);
        given = make(kind);
        if (given) await refusalOf(server);
        else expect((await open(server)).connected).toBe(true);
      }
      expect(thrown).toEqual([]);
    });
  }, 20_000);

  test("what cannot be sent is a fault", async () => {
    const server = await listen((io) => {
      guard(io, all, { onDecision: () => {} });
      io.use((_socket, next) => next(Object.assign(new Error("no"), { data: 5n })));
    });
    expect((await refusalOf(server)).data).toMatchObject({ code: "permission_error", status: 500 });
  });
});

test("a rejecting async middleware is a fault without a crash", async () => {
  await uncaughtOf(async (thrown) => {
    const asked = vi.fn();
    const server = await listen((io) => {
      guard(io, all, { authenticate: asked, onDecision: () => {} });
      io.use(async () => Promise.reject(new Error("the database is down")));
    });
    expect((await refusalOf(server)).data).toMatchObject({ code: "permission_error", status: 500 });
    expect([asked.mock.calls, thrown]).toEqual([[], []]);
  });
});

test("a throwing `payload` is a fault, and the client stays", async () => {
  const payload = () => {
    throw new Error("of the application");
  };
  const server = await listen((io) => guard(io, all, { payload, onDecision: () => {}, limits: { undecodable: 2 } }));
  const client = await open(server);
  for (let n = 0; n < 6; n++) {
    expect(await client.emitWithAck("say")).toMatchObject({ error: { code: "permission_error", status: 500 } });
  }
  expect(client.connected).toBe(true);
});
