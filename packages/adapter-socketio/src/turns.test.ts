import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { Server } from "socket.io";
import { afterEach, describe, expect, test } from "vitest";
import { listen, Raw, stopAll, until } from "../test/support.js";
import { guard, type SocketGuardOptions } from "./index.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });

/** Who was heard when, where one sends many events at once and another sends one as soon as the first is handled. */
async function heardWith(prepare: (io: Server) => void): Promise<string[]> {
  const heard: string[] = [];
  let answerFirst = () => {};
  const server = await listen((io) => {
    prepare(io);
    io.on("connection", (socket) =>
      socket.onAny((event) => {
        if (heard.push(event) === 1) answerFirst();
      }),
    );
  });
  const [greedy, patient] = [new Raw(server), new Raw(server)];
  await Promise.all([greedy.send("40"), patient.send("40")]);
  await until(() => [greedy, patient].every(({ received }) => received.length === 2));
  answerFirst = () => patient.socket.send('42["patient"]');
  const { _socket: tcp } = greedy.socket as unknown as { _socket: { cork(): void; uncork(): void } };
  tcp.cork();
  for (let n = 0; n < FLOOD; n++) greedy.socket.send('42["greedy"]');
  tcp.uncork();
  await until(() => heard.length === FLOOD + 1);
  return heard;
}

const guardWith = (options: SocketGuardOptions) => (io: Server) => void guard(io, policy, options);

describe("one that sends much at once", () => {
  test("does not keep others waiting until all of it is handled", async () => {
    const heard = await heardWith(guardWith({}));
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    expect(heard.filter((event) => event === "greedy")).toHaveLength(FLOOD);
  });

  test("does where no guard wants turns", async () => {
    expect((await heardWith(guardWith({ turns: false }))).indexOf("patient")).toBe(FLOOD);
  });

  test("does not where one guard of several wants turns", async () => {
    const heard = await heardWith((io) => {
      guard(io, policy, { turns: false });
      guard(io.of("/admin"), policy);
    });
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
  });
});

test("what is neither true nor false is a misuse", () => {
  expect(() => guard(new Server(), policy, { turns: 1 as never })).toThrow(PermissionMisuse);
});
