import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { closeFrame, frame, MODES, start, stopAll, Tcp, until } from "../test/support.js";
import { guard, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

const FLOOD = 500;
const policy = definePolicy({ permissions: AllowAny });
const message = (action: string) => frame(JSON.stringify({ action }));

/** Who was heard when, where one sends many messages at once and another sends one as soon as the first is handled. */
async function heardWith(options: WsGuardOptions, mode: (typeof MODES)[number] = "server"): Promise<string[]> {
  const heard: string[] = [];
  let patient: Tcp | undefined;
  const { port } = await start({
    mode,
    policy,
    options,
    onConnection: (socket) =>
      socket.on("message", (data) => {
        const { action } = JSON.parse(String(data));
        if (heard.push(action) === 1) patient?.socket.write(message("patient"));
      }),
  });
  const greedy = new Tcp(port);
  patient = new Tcp(port);
  for (const client of [greedy, patient]) client.knock();
  await Promise.all([greedy.opened(), patient.opened()]);
  greedy.socket.write(Buffer.concat(Array.from({ length: FLOOD }, () => message("greedy"))));
  await until(() => heard.length === FLOOD + 1);
  return heard;
}

describe("one that sends much at once", () => {
  test.each(MODES)("does not keep others waiting until all of it is handled (`%s`)", async (mode) => {
    const heard = await heardWith({}, mode);
    expect(heard.indexOf("patient")).toBeLessThan(FLOOD);
    expect(heard.filter((action) => action === "greedy")).toHaveLength(FLOOD);
  });

  test("does where the guard is told to leave that to ws", async () => {
    expect((await heardWith({ turns: false })).indexOf("patient")).toBe(FLOOD);
  });

  test("is answered in order, and all of it before it leaves", async () => {
    const { port, wss } = await start({
      policy,
      onConnection: (socket) => socket.on("message", (data) => socket.send(data)),
    });
    const client = new Tcp(port);
    const sent = Array.from({ length: FLOOD }, (_, n) => JSON.stringify({ action: "say", n }));
    client.knock(Buffer.concat([...sent.map((text) => frame(text)), closeFrame()]));
    await until(() => client.isClosed);
    const answers = client.received.toString().match(/\{"action":"say","n":\d+\}/g);
    expect(answers).toEqual(sent);
    await until(() => wss.clients.size === 0);
  });

  test("has nothing handled any more once it is shown out", async () => {
    const heard: unknown[] = [];
    const { port, guard: guarded } = await start({
      policy,
      onConnection: (socket) =>
        socket.on("message", (data) => {
          if (heard.push(data) === 3) guarded.sessionOf(socket)?.close();
        }),
    });
    const client = new Tcp(port);
    client.knock(Buffer.concat(Array.from({ length: FLOOD }, () => message("greedy"))));
    await until(() => client.isClosed);
    expect(heard).toHaveLength(3);
  });
});

describe("the server's own setting", () => {
  test("stays where the guard is told so, and is none of its business until then", () => {
    const wss = new WebSocketServer({ noServer: true });
    expect(() => guard(wss, policy, { turns: "no" as never })).toThrow(PermissionMisuse);
    expect(wss.options.allowSynchronousEvents).toBe(true);
    guard(wss, policy, { turns: false });
    expect(wss.options.allowSynchronousEvents).toBe(true);
    const other = new WebSocketServer({ noServer: true });
    guard(other, policy);
    expect(other.options.allowSynchronousEvents).toBe(false);
  });
});
