import { AllowAny, IsAuthenticated, permission, type Scope } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { Client, deferred, sleep, stopAll, until } from "../test/support.js";
import { json, jsonRpc, serve, type WsGuardOptions } from "./index.js";

afterEach(stopAll);

const chat = defineConsumer()
  .action("echo", AllowAny, ({ payload }) => payload)
  .action("later", AllowAny, async ({ payload }) => {
    await sleep(Number(payload.wait));
    return payload.wait;
  })
  .action("me", IsAuthenticated, ({ scope }) => scope.user)
  .action("many", AllowAny, ({ reply }) => {
    reply(1, { status: 201, action: "created" });
    reply(2);
  })
  .action("broken", AllowAny, () => {
    throw new Error("secret");
  })
  .action("circular", AllowAny, () => {
    const value: Record<string, unknown> = {};
    value.value = value;
    return value;
  });

async function serving(options: WsGuardOptions = {}, consumer: ServableConsumer<Scope> = chat) {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const guard = serve(wss, consumer, { onDecision: () => {}, ...options });
  await until(() => wss.address() !== null);
  const heard: unknown[] = [];
  wss.on("connection", (socket) => socket.on("message", (data) => void heard.push(data)));
  const { port } = wss.address() as { port: number };
  const client = await Client.open(`ws://127.0.0.1:${port}`);
  return { wss, guard, client, heard };
}

test("a listener that hears nothing is told once in development", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  await serving();
  expect(warned).not.toHaveBeenCalled();
  const { client } = await serving({ hints: true });
  client.send({ action: "echo", request_id: 1 });
  await client.replies(1);
  expect(warned).toHaveBeenCalledExactlyOnceWith(
    expect.stringContaining('`ws.on("message")` hears nothing behind serve()'),
  );
  warned.mockRestore();
});

describe("serve", () => {
  test("answers through the codec in order, and emits no messages", async () => {
    const { client, heard } = await serving();
    client.send(
      { action: "later", request_id: 1, wait: 20 },
      { action: "echo", request_id: 2, a: 1 },
      { action: "me", request_id: 3 },
    );
    expect(await client.replies(3)).toEqual([
      { errors: [], data: 20, action: "later", response_status: 200, request_id: 1 },
      { errors: [], data: { a: 1 }, action: "echo", response_status: 200, request_id: 2 },
      expect.objectContaining({ response_status: 401, request_id: 3 }),
    ]);
    expect(heard).toEqual([]);
  });

  test("aborts a waiting handler when its client has left", async () => {
    let isOver = false;
    const consumer = defineConsumer().action("watch", AllowAny, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      isOver = true;
    });
    const { client, guard } = await serving({ timeout: { action: 20 } }, consumer);
    client.send({ action: "watch", request_id: 1 }, { action: "watch", request_id: 2 });
    await sleep(20);
    // The socket is paused by now, so this message is before the end in its buffer.
    client.send({ action: "watch", request_id: 3 });
    await sleep(20);
    client.socket.terminate();
    await until(() => isOver);
    expect(guard.sessions.size).toBe(0);
  });

  test("sends several replies, with status and action of the handler", async () => {
    const { client } = await serving({ codec: json() });
    client.send({ type: "many", id: 1 });
    expect(await client.replies(2)).toEqual([
      { type: "created", id: 1, status: 201, data: 1 },
      { type: "many", id: 1, status: 200, data: 2 },
    ]);
  });

  test.each(["broken", "circular"])("answers 500 when a handler is %s", async (action) => {
    const { client } = await serving();
    client.send({ action, request_id: 1 }, { action: "echo", request_id: 2 });
    const replies = await client.replies(2);
    expect(replies).toMatchObject([{ response_status: 500 }, { response_status: 200 }]);
    expect(client.received.join()).not.toContain("secret");
  });

  test("does not answer a notification", async () => {
    const { client } = await serving({ codec: jsonRpc() });
    client.send({ jsonrpc: "2.0", method: "echo" }, { jsonrpc: "2.0", method: "echo", params: { a: 1 }, id: 1 });
    expect(await client.replies(1)).toEqual([{ jsonrpc: "2.0", result: { a: 1 }, id: 1 }]);
  });

  test("reads at once, without a listener", async () => {
    const { client } = await serving({ listenerGrace: 60_000 });
    client.send({ action: "echo" });
    await client.replies(1);
  });

  test.each(["close", "terminate"] as const)("aborts a handler at once on %s()", async (way) => {
    const handled: [string, AbortSignal][] = [];
    const { promise, resolve } = deferred();
    const handler = async ({ action, signal }: { action: string; signal: AbortSignal }) => {
      handled.push([action, signal]);
      await promise;
    };
    const consumer = defineConsumer().action("first", AllowAny, handler).action("second", AllowAny, handler);
    const { client, guard } = await serving({}, consumer);
    client.send({ action: "first" });
    await until(() => handled.length === 1);
    client.socket[way]();
    await until(() => handled[0]?.[1].aborted === true);
    expect(guard.sessions.size).toBe(0);
    resolve();
  });

  test("starts every pending handler before an orderly close", async () => {
    const handled: [string, AbortSignal][] = [];
    const { promise, resolve } = deferred();
    const handler = async ({ action, signal }: { action: string; signal: AbortSignal }) => {
      handled.push([action, signal]);
      await promise;
    };
    const slow = permission("slow", async () => true);
    const consumer = defineConsumer().action("first", AllowAny, handler).action("second", slow, handler);
    const { client, guard } = await serving({}, consumer);
    client.send({ action: "first" }, { action: "second" });
    client.socket.close();
    await sleep(30);
    expect(handled.map(([action, { aborted }]) => [action, aborted])).toEqual([["first", false]]);
    resolve();
    await until(() => guard.sessions.size === 0);
    expect(handled.map(([action]) => action)).toEqual(["first", "second"]);
    expect(handled[1]?.[1].aborted).toBe(true);
  });
});
