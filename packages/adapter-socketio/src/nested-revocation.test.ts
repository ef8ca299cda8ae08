import { AllowAny, definePolicy } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { afterEach, expect, test } from "vitest";
import { listen, open, stopAll, until } from "../test/support.js";
import { guard } from "./index.js";

afterEach(stopAll);

test.each([
  ["disconnecting", "revoke"],
  ["disconnecting", "refresh"],
  ["disconnect", "revoke"],
  ["disconnect", "refresh"],
] as const)("a listener of %s may %s others", async (event, effect) => {
  const revocations = memoryRevocations();
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: AllowAny }), {
      authenticate: () => ({ user: { id: "ann" } }),
      identify: () => ({ subjects: ["user:ann"] }),
      continuity: continuity({ revocations }),
    });
    io.on("connection", (socket) => socket.on(event as "disconnect", () => void revocations[effect]("friends:ann")));
  });
  const sockets = await Promise.all(Array.from({ length: 30 }, () => open(server)));
  expect(await revocations.revoke("user:ann")).toMatchObject({ here: 30 });
  await until(() => sockets.every(({ connected }) => !connected));
  expect(server.io.sockets.sockets.size).toBe(0);
});
