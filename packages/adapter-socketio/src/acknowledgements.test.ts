import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, open, Raw, simplePolicy, sleep, stopAll, together, uncaughtOf } from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const DENIED = {
  ok: false,
  error: {
    code: "permission_denied",
    status: 403,
    reason: "You do not have permission to perform this action.",
    retry: "never",
  },
};

describe("row 5: every acknowledgement is answered", () => {
  test("socket.io alone: a denial of `socket.use` answers no acknowledgement", async () => {
    const server = await listen((io) =>
      io.on("connection", (socket) => socket.use((_event, next) => next(new Error("denied")))),
    );
    const client = await open(server);
    await expect(client.timeout(100).emitWithAck("secret")).rejects.toThrow("timed out");
  });

  test("guarded: the acknowledgement says why", async () => {
    const server = await listen((io) => guard(io, simplePolicy()));
    const client = await open(server);
    expect(await client.timeout(1000).emitWithAck("secret", { a: 1 })).toEqual(DENIED);
  });

  test("socket.io alone: a rejecting middleware is unhandled and sends no answer", async () => {
    await uncaughtOf(async (thrown) => {
      const failing = async () => Promise.reject(new Error("database is down"));
      const server = await listen((io) => {
        io.of("/closed").use(failing);
        io.on("connection", (socket) => socket.use(failing));
      });
      const closed = clientOf(server, "/closed");
      const answered = vi.fn();
      closed.on("connect", answered).on("connect_error", answered);
      const client = await open(server);
      await expect(client.timeout(100).emitWithAck("ping")).rejects.toThrow("timed out");
      expect(thrown.map(String)).toEqual(["Error: database is down", "Error: database is down"]);
      expect(answered).not.toHaveBeenCalled();
    });
  });

  test("guarded: a rule that rejects is an answer, at connect too", async () => {
    await uncaughtOf(async (thrown) => {
      const failing = permission("failing", async () => Promise.reject(new Error("database is down")));
      const onDecision = () => {};
      const server = await listen((io) => {
        guard(io, definePolicy({ actions: { ping: failing } }), { onDecision });
        guard(io.of("/closed"), definePolicy({ connect: failing, permissions: AllowAny }), { onDecision });
      });
      const client = await open(server);
      expect(await client.emitWithAck("ping")).toMatchObject({ ok: false, error: { code: "permission_error" } });
      const error = await new Promise((resolve) => clientOf(server, "/closed").on("connect_error", resolve));
      expect(error).toMatchObject({ data: { code: "permission_error", status: 500 } });
      await sleep(20);
      expect(thrown).toEqual([]);
    });
  });
});

test("without acknowledgement, `permission_denied` with the action goes to that client", async () => {
  const server = await listen(
    (io) => {
      guard(io, simplePolicy());
      io.on("connection", (socket) => io.socketsJoin(socket.id));
    },
    { connectionStateRecovery: {} },
  );
  const [asking, other] = [await open(server), await open(server)];
  const heard = vi.fn();
  other.onAny(heard);
  const told = new Promise((resolve) => asking.on("permission_denied", (...all) => resolve(all)));
  asking.emit("secret", { a: 1 });
  expect(await told).toEqual([{ ...DENIED, action: "secret" }]);
  await sleep(20);
  expect(heard).not.toHaveBeenCalled();
});

test("answers come in the order of the questions, whoever gives them", async () => {
  const server = await listen((io) => {
    guard(io, simplePolicy());
    io.on("connection", (socket) => socket.on("ping", (answer) => answer("pong")));
  });
  const client = await open(server);
  const order: unknown[] = [];
  const events = ["ping", "secret", "ping", "secret"].map((event) => [event] as const);
  await Promise.all(together(client, ...events).map((answer, n) => answer.then(() => order.push(n))));
  expect(order).toEqual([0, 1, 2, 3]);
});

describe("the shape of a denial", () => {
  test("is what `denied` returns, for the acknowledgement and for the event", async () => {
    const denied = vi.fn(({ code }: { code: string }) => ({ status: "error", code }));
    const server = await listen((io) => guard(io, simplePolicy(), { denied }));
    const client = await open(server);
    expect(await client.emitWithAck("secret")).toEqual({ status: "error", code: "permission_denied" });
    const told = new Promise((resolve) => client.on("permission_denied", resolve));
    client.emit("nowhere");
    expect(await told).toEqual({ status: "error", code: "unknown_action" });
    expect(denied.mock.calls.map((call: unknown[]) => call[1])).toEqual([
      { action: "secret", isAcknowledgement: true },
      { action: "nowhere", isAcknowledgement: false },
    ]);
  });

  test("falls back if `denied` throws or returns an invalid answer", async () => {
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    for (const answer of ["no", undefined, loop, { big: 1n }, new Error("thrown")]) {
      const onDecision = vi.fn();
      const server = await listen((io) =>
        guard(io, simplePolicy(), {
          onDecision,
          denied: () => {
            if (answer instanceof Error) throw answer;
            return answer as object;
          },
        }),
      );
      const client = await open(server);
      expect(await client.timeout(1000).emitWithAck("secret")).toEqual(DENIED);
      expect(onDecision.mock.calls.at(-1)?.[0]).toMatchObject({ decision: { code: "permission_error", by: "denied" } });
    }
  });
});

test("acknowledgements with odd ids are answered as they are", async () => {
  const server = await listen((io) => guard(io, simplePolicy()));
  const raw = new Raw(server);
  await raw.send("40");
  await raw.packet("40");
  await raw.send('420["secret"]', '4212345678901["secret"]', '42["secret"]', "427");
  expect(await raw.packet("430")).toContain("permission_denied");
  expect(await raw.packet("4312345678901")).toContain("permission_denied");
  expect(await raw.packet('42["permission_denied"')).toContain('"action":"secret"');
  expect(await raw.packet("437")).toContain("missing_action");
});

test("a client that leaves during a rule gets no answer", async () => {
  const handled = vi.fn();
  const server = await listen((io) => {
    guard(io, simplePolicy());
    io.on("connection", (socket) => socket.on("slow", handled));
  });
  const client = await open(server);
  client.emit("slow", { wait: 60 });
  await sleep(20);
  client.io.engine.close();
  await sleep(80);
  expect(handled).not.toHaveBeenCalled();
});
