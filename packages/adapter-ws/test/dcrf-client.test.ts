import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { AllowAny, HasRole, IsAuthenticated, type Payload, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { dcrf, type Guard, serve } from "../src/index.js";

/** The unmodified npm package, a CommonJS module with a `default`. */
const { default: dcrfClient } = createRequire(import.meta.url)("dcrf-client") as typeof import("dcrf-client");
type Client = ReturnType<typeof dcrfClient.connect>;

interface Thing {
  readonly pk: number;
  readonly name: string;
  readonly owner: string;
}

const USERS = new Map([
  ["alice", { id: "alice", roles: [] }],
  ["admin", { id: "admin", roles: ["admin"] }],
]);

/** An in-memory store with change events. */
function makeStore() {
  const things = new Map<unknown, Thing>([[1, { pk: 1, name: "first", owner: "alice" }]]);
  const listeners = new Set<(pk: number, data: unknown, action: "update" | "delete") => void>();
  const tell = (pk: number, data: unknown, action: "update" | "delete") => {
    for (const listener of listeners) listener(pk, data, action);
  };
  return {
    things,
    listeners,
    save(thing: Thing): Thing {
      things.set(thing.pk, thing);
      tell(thing.pk, thing, "update");
      return thing;
    },
    remove({ pk }: Thing): void {
      things.delete(pk);
      tell(pk, { pk }, "delete");
    },
  };
}

const isOwner = permission("isOwner", {
  action: ({ scope }) => scope.user !== null,
  object: ({ scope, object }) => (object as Thing).owner === (scope.user as { id: string }).id,
});

function makeConsumer({ things, listeners, save, remove }: ReturnType<typeof makeStore>) {
  const object = ({ payload }: { payload: Payload }) => things.get(payload.pk);
  const dataOf = (payload: Payload) => payload.data as { name?: string };
  return defineConsumer()
    .action("list", AllowAny, () => [...things.values()])
    .action("create", IsAuthenticated, ({ payload, scope, reply }) => {
      const { id } = scope.user as unknown as { id: string };
      reply(save({ pk: things.size + 1, name: String(dataOf(payload).name), owner: id }), { status: 201 });
    })
    .action("retrieve", AllowAny, { object }, (context) => context.object)
    .action("update", isOwner, { object }, (context) => save({ ...context.object, ...dataOf(context.payload) }))
    .action("patch", isOwner, { object }, (context) => save({ ...context.object, ...dataOf(context.payload) }))
    .action("delete", isOwner, { object }, (context) => {
      remove(context.object);
      context.reply(null, { status: 204 });
    })
    .action("subscribe_instance", IsAuthenticated, { object }, ({ object: thing, reply, signal }) => {
      const listener = (pk: number, data: unknown, action: "update" | "delete") => {
        if (pk === thing.pk) reply(data, { action, status: action === "delete" ? 204 : 200 });
      };
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
      reply(null, { status: 201 });
    })
    .action("purge", HasRole("admin"), ({ payload }) => ({ purged: payload.what }));
}

let wss: WebSocketServer;
let protecting: Guard<never>;
let store: ReturnType<typeof makeStore>;
const clients: Client[] = [];

beforeEach(async () => {
  wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  store = makeStore();
  protecting = serve(wss, makeConsumer(store) as never, {
    codec: dcrf({ multiplex: true }),
    authenticate: ({ url = "" }) => ({
      user: USERS.get(new URL(url, "ws://x").searchParams.get("user") ?? "") ?? null,
    }),
  });
  await new Promise((resolve) => wss.once("listening", resolve));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await new Promise((resolve) => {
    for (const socket of wss.clients) socket.terminate();
    wss.close(resolve);
  });
});

function connect(user = ""): Client {
  const { port } = wss.address() as AddressInfo;
  const client = dcrfClient.connect(`ws://127.0.0.1:${port}/ws/?user=${user}`, {
    websocket: { WebSocket, minReconnectionDelay: 10, maxReconnectionDelay: 20 },
  });
  clients.push(client);
  return client;
}

const FORBIDDEN = "You do not have permission to perform this action.";

/** The value that a refused request rejects with: exactly the five keys of DCRF. */
const refusal = (action: string, response_status: number, error: string) => ({
  errors: [error],
  data: null,
  action,
  response_status,
  request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
});

test("list, create, retrieve, update, patch, delete and request", async () => {
  const client = connect("alice");
  expect(await client.list("things")).toEqual([{ pk: 1, name: "first", owner: "alice" }]);
  expect(await client.create("things", { name: "second" })).toEqual({ pk: 2, name: "second", owner: "alice" });
  expect(await client.retrieve("things", 2)).toEqual({ pk: 2, name: "second", owner: "alice" });
  expect(await client.update("things", 2, { name: "third" })).toEqual({ pk: 2, name: "third", owner: "alice" });
  expect(await client.patch("things", 2, { name: "fourth" })).toEqual({ pk: 2, name: "fourth", owner: "alice" });
  expect(await client.delete("things", 2)).toBeNull();
  expect(store.things.size).toBe(1);
  expect(await connect("admin").request("things", { action: "purge", what: "all" })).toEqual({ purged: "all" });
});

test("subscribe_instance brings updates and the deletion", async () => {
  const client = connect("alice");
  const events: unknown[] = [];
  await client.subscribe("things", 1, (data, action) => events.push([action, data]));
  await client.patch("things", 1, { name: "renamed" });
  await client.delete("things", 1);
  await expect.poll(() => events.length).toBe(2);
  expect(events).toEqual([
    ["update", { pk: 1, name: "renamed", owner: "alice" }],
    ["delete", { pk: 1 }],
  ]);
});

test("a disconnected client subscribes again, and is authorized again", async () => {
  const client = connect("alice");
  const events: unknown[] = [];
  await client.subscribe("things", 1, (_data, action) => events.push(action));
  for (const session of protecting.sessions) session.close(1012, "restarting");
  await expect.poll(() => store.listeners.size).toBe(0);
  await expect.poll(() => store.listeners.size).toBe(1);
  await client.patch("things", 1, { name: "renamed" });
  await expect.poll(() => events).toEqual(["update"]);
});

test("a refused request rejects with the five keys and 403", async () => {
  const client = connect("admin");
  await expect(client.update("things", 1, { name: "mine" })).rejects.toEqual(refusal("update", 403, FORBIDDEN));
  await expect(client.delete("things", 1)).rejects.toEqual(refusal("delete", 403, FORBIDDEN));
  const asked = connect("alice").request("things", { action: "purge", what: "all" });
  await expect(asked).rejects.toEqual(refusal("purge", 403, FORBIDDEN));
  expect(store.things.get(1)).toEqual({ pk: 1, name: "first", owner: "alice" });
});

test("a request that IsAuthenticated denied rejects with 401", async () => {
  const client = connect();
  const reason = "Authentication credentials were not provided.";
  await expect(client.create("things", { name: "second" })).rejects.toEqual(refusal("create", 401, reason));
  const subscribing = client.subscribe("things", 1, () => {});
  await expect(subscribing).rejects.toEqual(refusal("subscribe_instance", 401, reason));
  expect([store.things.size, store.listeners.size]).toEqual([1, 0]);
});

test("a missing object is 404, an unknown action 405", async () => {
  const client = connect("alice");
  await expect(client.retrieve("things", 9)).rejects.toEqual(refusal("retrieve", 404, "Not found."));
  const unknown = client.request("things", { action: "explode" });
  await expect(unknown).rejects.toEqual(refusal("explode", 405, 'Method "explode" not allowed.'));
});
