import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { afterEach, expect, test } from "vitest";
import { deferred, listen, open, sleep, stopAll, until } from "../test/support.js";
import { guard } from "./index.js";

afterEach(stopAll);

/** A server with a middleware of sockets that waits, and the events that its listeners got. */
async function serve(sockets: number) {
  const revocations = memoryRevocations();
  const gate = deferred<void>();
  const state = { role: "admin", entered: 0 };
  const heard: unknown[] = [];
  const isAdmin = permission("isAdmin", ({ scope }: { scope: { role?: string } }) => scope.role === "admin");
  const server = await listen((io) => {
    guard(io, definePolicy({ connect: AllowAny, actions: { clear: isAdmin } }) as never, {
      authenticate: () => ({ user: { id: 1 }, role: state.role }),
      identify: () => ({ subjects: ["user:1"] }),
      continuity: continuity({ revocations }),
    });
    io.on("connection", (socket) => {
      socket.use((_event, next) => {
        state.entered += 1;
        void gate.promise.then(() => next());
      });
      socket.on("clear", (room, answer) => {
        heard.push(room);
        answer("cleared");
      });
    });
  });
  const clients = await Promise.all(Array.from({ length: sockets }, () => open(server)));
  return { revocations, gate, state, heard, clients };
}

test("a middleware of sockets holds an event whose right then ends", async () => {
  const { revocations, gate, state, heard, clients } = await serve(50);
  for (const client of clients) client.emit("clear", "lobby", () => {});
  await until(() => state.entered === clients.length);
  await revocations.revoke("user:1");
  gate.resolve();
  await sleep(100);
  expect(heard).toEqual([]);
});

test("an event in a middleware of sockets is decided again under a new scope", async () => {
  const { revocations, gate, state, heard, clients } = await serve(1);
  const answer = clients[0]?.timeout(2_000).emitWithAck("clear", "lobby");
  await until(() => state.entered === 1);
  state.role = "member";
  await revocations.refresh("user:1");
  gate.resolve();
  expect(await answer).toMatchObject({ ok: false, error: { code: "permission_denied" } });
  expect(heard).toEqual([]);
});

test("a middleware of sockets passes an event whose right goes on", async () => {
  const { gate, heard, clients } = await serve(1);
  gate.resolve();
  expect(await clients[0]?.timeout(2_000).emitWithAck("clear", "lobby")).toBe("cleared");
  expect(await clients[0]?.timeout(2_000).emitWithAck("clear", "hall")).toBe("cleared");
  expect(heard).toEqual(["lobby", "hall"]);
});

test("an event is decided again whose right ends before its emission", async () => {
  const revocations = memoryRevocations();
  const state = { role: "admin" };
  const heard: unknown[] = [];
  const isAdmin = permission("isAdmin", async ({ scope }: { scope: { role?: string } }) => scope.role === "admin");
  const server = await listen((io) => {
    guard(io, definePolicy({ connect: AllowAny, actions: { clear: isAdmin, ask: AllowAny } }) as never, {
      authenticate: () => ({ user: { id: 1 }, role: state.role }),
      identify: () => ({ subjects: ["user:1"] }),
      continuity: continuity({ revocations }),
      onDecision({ action, decision }) {
        if (action !== "clear" || decision.outcome !== "allow") return;
        // Behind the delivery, and before the next tick.
        queueMicrotask(() => {
          state.role = "member";
          void revocations.refresh("user:1");
        });
      },
    });
    io.on("connection", (socket) => {
      for (const event of ["clear", "ask"]) socket.on(event, (answer) => answer(heard.push(event)));
    });
  });
  const client = await open(server);
  const answers = ["clear", "ask"].map((event) => client.timeout(2_000).emitWithAck(event));
  expect(await Promise.all(answers)).toMatchObject([{ ok: false, error: { code: "permission_denied" } }, 1]);
  expect(heard).toEqual(["ask"]);
});
