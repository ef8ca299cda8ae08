import { EventEmitter } from "node:events";
import { AllowAny, type DecisionEvent, DenyAll, definePolicy } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { gatedRule } from "../../../test/helpers.js";
import { PeerConnection } from "./connection.js";
import { guard } from "./index.js";
import { answerUpgrade } from "./upgrade.js";

/** An upgrade of srvx on Node. Its connect rule is answered by hand. */
function upgrading() {
  const { rule, asked } = gatedRule();
  const codes: string[] = [];
  const made = guard({}, definePolicy({ connect: rule, actions: {} }), {
    onDecision: ({ decision }: DecisionEvent) => void codes.push(decision.code),
  });
  const socket = Object.assign(new EventEmitter(), { destroy: vi.fn() });
  const controller = new AbortController();
  const runtime = { node: { upgrade: { socket }, req: { url: "/" } } };
  const request = { url: "http://a/", headers: new Headers(), signal: controller.signal, runtime };
  const answer = Promise.resolve(made.hooks.upgrade(request as never)).catch((refused: Response) => refused);
  const leave = { end: () => socket.emit("end"), close: () => socket.emit("close"), abort: () => controller.abort() };
  return { answer, asked, codes, leave, socket };
}

describe.each(["end", "close", "abort"] as const)("a client that leaves by `%s`", (way) => {
  test("is answered with 408 while the rules are asked", async () => {
    const { answer, codes, leave, socket } = upgrading();
    leave[way]();
    const refused = (await answer) as Response;
    expect([refused.status, refused.headers.get("connection"), codes]).toEqual([408, "close", ["aborted"]]);
    expect(socket.destroy).toHaveBeenCalled();
  });

  test("is left to crossws once it is admitted", async () => {
    const { answer, asked, leave, socket } = upgrading();
    asked[0]?.resolve(true);
    await answer;
    leave[way]();
    expect(socket.destroy).not.toHaveBeenCalled();
    expect(socket.emit("error", new Error("reset"))).toBe(true);
  });
});

test("a refused client gets the first subprotocol without its blanks", async () => {
  const { hooks } = guard({}, definePolicy({ connect: DenyAll, actions: {} }), { refuse: "close" });
  const headers = { "sec-websocket-protocol": " app , token" };
  const answer = await hooks.upgrade(new Request("http://a/", { headers }));
  expect(new Headers((answer as { headers: Headers }).headers).get("sec-websocket-protocol")).toBe("app");
});

test("a refusal closes its connection", async () => {
  const { hooks } = guard({}, definePolicy({ connect: DenyAll, actions: {} }));
  const refused = await Promise.resolve(hooks.upgrade(new Request("http://a/"))).catch((error: Response) => error);
  expect((refused as Response).headers.get("connection")).toBe("close");
});

test.each([
  ["an admitted client", AllowAny, "status"],
  ["a refused client", DenyAll, "close"],
] as const)("%s gets no header that nobody has set", async (_who, rule, refuse) => {
  const { hooks } = guard({}, definePolicy({ connect: rule, actions: {} }), { refuse });
  expect(Object.keys((await hooks.upgrade(new Request("http://a/"))) as object)).toEqual(["context"]);
});

test.each([new Response("mine"), { handled: true }])("an own answer withdraws the admission: %j", async (mine) => {
  const [abort, pair] = [vi.fn(), vi.fn(() => ({}))];
  const evaluation = { result: { decision: { outcome: "allow" } }, abort };
  const guarding = { gate: { admit: () => evaluation }, hooks: { upgrade: () => mine }, refuse: "status" };
  const connection = new PeerConnection(guarding as never, new Request("http://a/"));
  expect(await answerUpgrade(connection, pair)).toBe(mine);
  expect([abort.mock.calls.length, pair.mock.calls.length]).toEqual([1, 0]);
});
