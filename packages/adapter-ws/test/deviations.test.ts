import type { AddressInfo } from "node:net";
import {
  AllowAny,
  and,
  BasePermission,
  type Consumer,
  type Context,
  definePolicy,
  deny,
  IsAuthenticated,
  not,
  or,
  type PermissionLike,
  PermissionMisuse,
  permission,
  type Scope,
  type StandardSchema,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { dcrf, guard, serve } from "../src/index.js";

const FORBIDDEN = "You do not have permission to perform this action.";

let wss: WebSocketServer;
beforeEach(async () => {
  wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => wss.once("listening", resolve));
});
afterEach(() => {
  for (const socket of wss.clients) socket.terminate();
  wss.close();
});

const options = {
  authenticate: ({ url = "" }) => {
    const name = new URL(url, "ws://x").searchParams.get("user");
    return { user: name === null ? null : { id: name } };
  },
  onDecision: () => {},
};

/** Puts a rule before every action, as `permission_classes` does. */
function protect(permissions: PermissionLike): void {
  guard(wss, definePolicy({ permissions }) as never, options);
  runApplication();
}

/** Answers every message with "handled". */
function runApplication(): void {
  wss.on("connection", (socket) => {
    socket.on("message", (text) => {
      const { action, request_id } = JSON.parse(text.toString());
      socket.send(JSON.stringify({ errors: [], data: "handled", action, response_status: 200, request_id }));
    });
  });
}

/** A client that sends frames and reads one answer to each. */
async function connect(query = "") {
  const socket = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}/${query}`);
  const answers: { errors: string[]; data: unknown; response_status: number }[] = [];
  socket.on("message", (text) => answers.push(JSON.parse(text.toString())));
  const status = await new Promise((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => resolve(response.resume().statusCode));
  });
  return {
    status,
    socket,
    async ask(frame: unknown) {
      const count = answers.length;
      socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
      await expect.poll(() => answers.length).toBe(count + 1);
      return answers[count] as (typeof answers)[number];
    },
  };
}

/** The schema that a serializer with one field stands for. */
const TEXT_ROOM: StandardSchema<unknown, { room: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as { room?: unknown }).room === "string"
        ? { value: value as { room: string } }
        : { issues: [{ message: "Not a valid string.", path: ["room"] }] },
  },
};

const PING = { action: "ping", request_id: 1 };
const statusOf = async (rule: PermissionLike) => {
  protect(rule);
  const client = await connect();
  return client.status === 101 ? (await client.ask(PING)).response_status : client.status;
};
const answering = (answer: () => unknown) => permission("answering", () => answer() as boolean);

describe("DCRF 1.3.0 does, Portcullis does", () => {
  test("nothing configured: open (AllowAny) / refuses to build an empty policy", () => {
    expect(() => definePolicy({})).toThrow(PermissionMisuse);
    expect(() => guard(wss, {} as never)).toThrow(PermissionMisuse);
    expect(() => definePolicy({ connect: AllowAny })).toThrow(PermissionMisuse);
  });

  test("`permission_classes = []` admits all / misuse", () => {
    expect(() => definePolicy({ permissions: [] as never })).toThrow(PermissionMisuse);
  });

  test.each<[unknown, string]>([
    ["false", "allows"],
    ["no", "allows"],
    [{ ok: false }, "allows"],
    [1, "allows"],
    [undefined, "denies (None)"],
    [null, "denies (None)"],
    [0, "denies"],
    ["", "denies"],
  ])("a rule that returns %j %s / is a fault, 500", async (answer) => {
    expect(await statusOf(answering(() => answer))).toBe(500);
  });

  test("an un-awaited coroutine allows / is always awaited", async () => {
    class Wrapping extends BasePermission {
      async #real(): Promise<boolean> {
        return false;
      }
      override hasPermission(): Promise<boolean> {
        return this.#real();
      }
    }
    expect(await statusOf(Wrapping)).toBe(403);
  });

  test("`~IsAuthenticated`: nobody can connect / an anonymous client connects and acts", async () => {
    protect(not(IsAuthenticated));
    const [nobody, alice] = [await connect(), await connect("?user=alice")];
    expect([nobody.status, alice.status]).toEqual([101, 101]);
    expect((await nobody.ask(PING)).response_status).toBe(200);
    expect((await alice.ask(PING)).response_status).toBe(403);
  });

  test("`~A` of a connect-only A allows actions / abstain is not negated", async () => {
    class OnlyConnect extends BasePermission {
      override canConnect(): boolean {
        return false;
      }
    }
    expect(await statusOf(not(OnlyConnect))).toBe(403);
  });

  test("nested composition: TypeError, HTTP 500 / composes to any depth", async () => {
    const [yes, no] = [answering(() => true), answering(() => false)];
    expect(await statusOf(or(and(yes, no), and(yes, not(no)), not(not(no))))).toBe(200);
  });

  test("a sync permission in a composition crashes / sync and async mix", async () => {
    const [sync, later] = [answering(() => true), answering(async () => true)];
    expect(await statusOf(and(sync, or(not(sync), later)))).toBe(200);
  });

  test("an exception closes the socket 1011 / permission_error, and the socket lives", async () => {
    let isFailing = true;
    protect(
      answering(() => {
        if (isFailing) throw new Error("no database");
        return true;
      }),
    );
    const client = await connect();
    const failed = await client.ask(PING);
    expect(failed.response_status).toBe(500);
    expect(JSON.stringify(failed)).not.toContain("no database");
    isFailing = false;
    expect((await client.ask(PING)).response_status).toBe(200);
  });

  test("a denial is 403, its message lost / code, reason, status survive", async () => {
    const closed = answering(() => deny("closed", { reason: "The room is closed.", status: 410 }));
    const policy = definePolicy({
      actions: { room: and(or(closed, closed), AllowAny), own: or(closed, IsAuthenticated) },
    });
    guard(wss, policy, { ...options, codec: dcrf({ codes: true }) });
    runApplication();
    const client = await connect();
    expect(await client.ask({ action: "room" })).toMatchObject({
      errors: ["The room is closed."],
      response_status: 410,
      data: { code: "closed" },
    });
    expect((await client.ask({ action: "own" })).response_status).toBe(401);
  });

  test("`has_object_permission` is never asked / asked, and noticed when it is forgotten", async () => {
    class IsOwner extends BasePermission {
      override hasObjectPermission(_scope: Scope, _consumer: Consumer, _action: string, object: never): boolean {
        return (object as { owner: string }).owner === "alice";
      }
    }
    const consumer = defineConsumer()
      .action("loaded", IsOwner, { object: ({ payload }) => ({ owner: payload.owner }) }, () => "handled")
      .action("forgotten", IsOwner, () => "handled");
    serve(wss, consumer, options);
    const client = await connect();
    const statuses = [];
    for (const frame of [
      { action: "loaded", owner: "alice" },
      { action: "loaded", owner: "bob" },
      { action: "forgotten" },
    ])
      statuses.push((await client.ask(frame)).response_status);
    expect(statuses).toEqual([200, 403, 500]);
    expect(() => guard(new WebSocketServer({ noServer: true }), definePolicy({ permissions: IsOwner }))).toThrow(
      PermissionMisuse,
    );
  });

  test("`scope`, `consumer` or `self` crash the socket / are payload keys", async () => {
    let seen: unknown;
    protect(
      permission("look", ({ scope, payload }: Context) => {
        seen = [scope.user, Object.keys(payload)];
        return true;
      }),
    );
    const client = await connect();
    const answer = await client.ask({ ...PING, scope: { user: { id: "alice" } }, consumer: 1, self: 1 });
    expect(answer.response_status).toBe(200);
    expect(seen).toEqual([null, ["scope", "consumer", "self"]]);
  });

  test.each(["{", "", "[]", '"s"', "5", "null", "true", '{"action":{}}', Buffer.from([0xff, 0xfe])])(
    "%j closes the socket, 1011 / is answered 400, and the socket lives",
    async (frame) => {
      protect(AllowAny);
      const client = await connect();
      expect((await client.ask(frame)).response_status).toBe(400);
      expect((await client.ask(PING)).response_status).toBe(200);
    },
  );

  test("a ValidationError is a dict of fields / so are schema issues", async () => {
    const consumer = defineConsumer()
      .action("join", AllowAny, { input: TEXT_ROOM }, () => "joined")
      .action(
        "closed",
        answering(() => deny("closed", { reason: "The room is closed." })),
        () => "handled",
      );
    serve(wss, consumer as never, options);
    const client = await connect();
    expect(await client.ask({ action: "join", request_id: 1, room: 5 })).toEqual({
      errors: [{ room: ["Not a valid string."] }],
      data: null,
      action: "join",
      response_status: 400,
      request_id: 1,
    });
    expect((await client.ask({ action: "closed" })).errors).toEqual(["The room is closed."]);
  });

  test("a binary frame closes the socket, 1011 / passes the same gate as text", async () => {
    protect(not(IsAuthenticated));
    const client = await connect("?user=alice");
    const answer = await client.ask(Buffer.from(JSON.stringify(PING)));
    expect([answer.response_status, answer.errors]).toEqual([403, [FORBIDDEN]]);
  });

  test("one view consumer shared by all sockets / one for each message", async () => {
    const consumer = defineConsumer().action("whoami", AllowAny, async ({ scope }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return (scope as Scope & { user: { id: string } | null }).user?.id ?? "nobody";
    });
    serve(wss, consumer, options);
    const clients = [await connect(), await connect("?user=admin"), await connect("?user=alice")];
    const answers = await Promise.all(clients.map((client) => client.ask({ action: "whoami" })));
    expect(answers.map(({ data }) => data)).toEqual(["nobody", "admin", "alice"]);
  });
});
