import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  AllowAny,
  and,
  BasePermission,
  type Consumer,
  definePolicy,
  IsAuthenticated,
  not,
  or,
  type Payload,
  type PermissionLike,
  type Scope,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import recorded from "@portcullis/testing/cases/dcrf.json" with { type: "json" };
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { guard, serve, type WsGuardOptions } from "../src/index.js";

type Case = (typeof recorded.cases)[number];

const USERS = new Map([
  ["alice", { id: 1, isActive: true }],
  ["inactive", { id: 2, isActive: false }],
]);

const options: WsGuardOptions = {
  authenticate: ({ url = "" }) => ({ user: USERS.get(new URL(url, "ws://x").searchParams.get("token") ?? "") ?? null }),
};

/** Calls of rules, in the format of the recording. */
let calls: string[] = [];

type Rule = new () => BasePermission;

/** A permission that answers in each phase as the recorded one did. */
function recordedRule(name: string, connect: boolean, action: boolean): Rule {
  return class extends BasePermission {
    override canConnect(): boolean {
      calls.push(`${name}.can_connect({'type': 'websocket.connect'})`);
      return connect;
    }
    override hasPermission(_scope: Scope, _consumer: Consumer, called: string): boolean {
      calls.push(`${name}.has_permission(${called})`);
      return action;
    }
  };
}

class DenyDelete extends BasePermission {
  override hasPermission(_scope: Scope, _consumer: Consumer, action: string): boolean {
    return action !== "delete";
  }
}

class RoomMember extends BasePermission {
  override hasPermission(_scope: Scope, _consumer: Consumer, _action: string, payload: Payload): boolean {
    calls.push(`RoomMember.has_permission kwargs=${python(payload)}`);
    return payload.room === undefined || payload.room === "general";
  }
}

/** JSON in Python's format, with sorted keys. */
function python(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `"${key}": ${python(inner)}`).join(", ")}}`;
}

const NAMED: Readonly<Record<string, PermissionLike>> = {
  "allow-any-anon": AllowAny,
  "is-authenticated-alice": IsAuthenticated,
  "is-authenticated-inactive": IsAuthenticated,
  "base-permission-only": BasePermission,
  "deny-on-action": DenyDelete,
  "kwargs-reach-permission": RoomMember,
};

/** The `permission_classes` of a case. */
function permissionsOf({ id, spec }: Case): PermissionLike {
  if (!spec) return NAMED[id] as PermissionLike;
  const { op, phase, operands, other_phase: others } = spec;
  const rules = operands.map((answer, index) => {
    const other = others[index] as boolean;
    const [connect, action] = phase === "connect" ? [answer, other] : [other, answer];
    return recordedRule("AB"[index] as string, connect, action);
  });
  const [first, second] = rules as [Rule, Rule];
  if (op === "not") return not(first);
  return op === "list" ? [first, second] : { and, or }[op as "and" | "or"](first, second);
}

const pong = (payload: Payload) => ({ pong: true, kwargs: ["action", "request_id", ...Object.keys(payload)].sort() });

/** The recorded consumer, as handlers. */
function serveCase(wss: WebSocketServer, rule: PermissionLike): void {
  const consumer = defineConsumer()
    .permissions(rule)
    .action("ping", AllowAny, ({ payload }) => pong(payload))
    .action("list", AllowAny, () => ["l"])
    .action("delete", AllowAny, ({ reply }) => reply(null, { status: 204 }));
  serve(wss, consumer as never, options);
}

/** The recorded consumer, as an existing application. */
function guardCase(wss: WebSocketServer, rule: PermissionLike): void {
  guard(wss, definePolicy({ permissions: rule }) as never, options);
  wss.on("connection", (socket) => {
    socket.on("message", (text) => {
      const { action, request_id, ...payload } = JSON.parse(text.toString());
      const reply = (data: unknown, response_status: number, errors: string[] = []) =>
        socket.send(JSON.stringify({ errors, data, action, response_status, request_id }));
      if (action === "ping") reply(pong(payload), 200);
      else if (action === "list") reply(["l"], 200);
      else if (action === "delete") reply(null, 204);
      else reply(null, 405, [`Method "${action}" not allowed.`]);
    });
  });
}

const http = createServer();
const wss = new Set<WebSocketServer>();
afterEach(() => {
  for (const server of wss) server.close();
  wss.clear();
  http.removeAllListeners("upgrade");
});

/** Replays a case against a server, and returns the events in the format of the recording. */
async function replay({ path, query, frames }: Case) {
  if (!http.listening) await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}?${new URLSearchParams(query as Record<string, string>)}`);
  const status = await new Promise((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => resolve(response.resume().statusCode));
  });
  if (status !== 101) return { status, frames: [], close: null };
  const received: unknown[] = [];
  let by = "server";
  const closed = new Promise((resolve) => {
    socket.once("close", (code, reason) => resolve({ by, code, reason: reason.toString() }));
  });
  socket.on("message", (text) => received.push(JSON.parse(text.toString())));
  for (const { dir, json } of frames) {
    if (dir === "sent") socket.send(JSON.stringify(json));
  }
  const count = frames.filter(({ dir }) => dir === "received").length;
  await expect.poll(() => received.length).toBeGreaterThanOrEqual(count);
  if (socket.readyState === WebSocket.OPEN) by = "client";
  socket.close(1000);
  return { status, frames: received, close: await closed };
}

async function expectSame(given: Case, start: (server: WebSocketServer, rule: PermissionLike) => void): Promise<void> {
  calls = [];
  const server = new WebSocketServer({ server: http });
  wss.add(server);
  start(server, permissionsOf(given));
  const expected = given.frames.filter(({ dir }) => dir === "received").map(({ json }) => json);
  const { status } = given.handshake;
  expect(await replay(given)).toEqual({ status, frames: expected, close: given.close });
  expect(calls).toEqual(given.calls);
}

describe("guard() answers as DCRF", () => {
  test.each(recorded.cases)("$id: $dcrf", (given) => expectSame(given, guardCase));
});

describe("serve() answers as DCRF", () => {
  // An abstaining `permissions` rule is passed when the action has a rule of its own, as it has in a consumer.
  const cases = recorded.cases.filter(({ id }) => id !== "base-permission-only");
  test.each(cases)("$id: $dcrf", (given) => expectSame(given, serveCase));
});

test("all recorded cases are replayed", () => {
  expect(recorded.cases).toHaveLength(34);
});
