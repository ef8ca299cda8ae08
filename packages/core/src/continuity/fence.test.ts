import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { beforeEach, describe, expect, test } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { type LastingServer, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

interface Role {
  readonly role: string;
}

let role = "admin";
const identify = () => ({ subjects: ["user:1"] });
const isAdmin = permission("isAdmin", ({ scope }: { scope: Role }) => scope.role === "admin");

const hasRole = permission("hasRole", ({ scope }: { scope: Role }) => scope.role !== "");

beforeEach(() => {
  role = "admin";
});

/** Serves a consumer to clients of the role at the time of their authentication. */
function serve(consumer: unknown): LastingServer & { revocations: ReturnType<typeof memoryRevocations> } {
  const revocations = memoryRevocations();
  const authenticate = async () => ({ user: { id: 1 }, role });
  return { ...lasting(consumer as never, authenticate, { identify, revocations }), revocations };
}

/** Sends a message, takes the role of its user away while it is decided or handled, and lets it go on. */
async function demoted(consumer: unknown, goOn: () => void) {
  const { open, revocations } = serve(consumer);
  const { send, wire } = await open();
  send("edit");
  await settled();
  role = "member";
  await revocations.refresh("user:1");
  goOn();
  await settled();
  return wire;
}

describe("a handler", () => {
  test("is not called by a decision of an earlier scope, while its object is loaded", async () => {
    const loaded = deferred<object>();
    const handled: unknown[] = [];
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", isAdmin, { object: () => loaded.promise }, ({ scope }) => void handled.push(scope.role));
    const wire = await demoted(consumer, () => loaded.resolve({}));
    expect([handled, wire.sent]).toEqual([[], ["refuse edit permission_denied 403"]]);
  });

  test("is called under the new scope where it is allowed again", async () => {
    const loaded = deferred<object>();
    const handled: unknown[] = [];
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", hasRole, { object: () => loaded.promise }, ({ scope }) => void handled.push(scope.role));
    const wire = await demoted(consumer, () => loaded.resolve({}));
    expect([handled, wire.sent]).toEqual([["member"], ["reply edit null"]]);
  });

  test("learns by `reauthorize` that its scope is refused", async () => {
    const work = deferred<void>();
    const done: string[] = [];
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", isAdmin, async ({ reauthorize }) => {
        await reauthorize();
        done.push("first");
        await work.promise;
        await reauthorize();
        done.push("second");
      });
    const wire = await demoted(consumer, () => work.resolve());
    expect([done, wire.sent]).toEqual([["first"], ["refuse edit permission_denied 403"]]);
  });

  test("gets answers about objects of the present scope alone", async () => {
    const work = deferred<void>();
    const asked: string[] = [];
    const rule = permission("owns", {
      object: ({ scope }: { scope: Role }) => {
        asked.push(scope.role);
        return scope.role === "admin";
      },
    });
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", rule, async ({ can, action }) => {
        const first = await can(action, undefined, { object: {} });
        await work.promise;
        return [first, await can(action, undefined, { object: {} })];
      });
    const wire = await demoted(consumer, () => work.resolve());
    expect([asked, wire.sent]).toEqual([["admin", "member"], ["reply edit [true,false]"]]);
  });

  test("gets no answer about an object that an earlier scope began", async () => {
    const answer = deferred<void>();
    const asked: string[] = [];
    const rule = permission("owns", {
      object: async ({ scope }: { scope: Role }) => {
        asked.push(scope.role);
        await answer.promise;
        return scope.role === "admin";
      },
    });
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", rule, ({ can, action }) => can(action, undefined, { object: {} }));
    const wire = await demoted(consumer, () => answer.resolve());
    expect([asked, wire.sent]).toEqual([["admin", "member"], ["reply edit false"]]);
  });

  test("asks again by `reauthorize` about the object that was loaded", async () => {
    const work = deferred<void>();
    const asked: unknown[] = [];
    const rule = permission("owns", {
      object: ({ object, scope }: { object: { of: string }; scope: Role }) => {
        asked.push([scope.role, object.of]);
        return true;
      },
    });
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", rule, { object: () => ({ of: "ann" }) }, async ({ reauthorize }) => {
        await reauthorize();
        await work.promise;
        await reauthorize();
        return "done";
      });
    const { open, revocations } = serve(consumer);
    const { send, wire } = await open();
    send("edit");
    await settled();
    expect(asked).toEqual([["admin", "ann"]]);
    role = "member";
    await revocations.refresh("user:1");
    work.resolve();
    await settled();
    expect(asked).toEqual([
      ["admin", "ann"],
      ["member", "ann"],
    ]);
    expect(wire.sent).toEqual(['reply edit "done"']);
  });

  test("is answered nothing once its connection is revoked", async () => {
    const work = deferred<void>();
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", isAdmin, async ({ reply }) => {
        await work.promise;
        reply("late");
      });
    const { open, revocations } = serve(consumer);
    const { send, wire, session } = await open();
    send("edit");
    await revocations.revoke("user:1");
    work.resolve();
    await settled();
    // A busy process closes in a later turn.
    await expect.poll(() => wire.sent).toEqual(["close 4401 revoked"]);
    expect(session.signal.aborted).toBe(true);
  });
});

test("a message whose scope changes without end is refused", async () => {
  const revocations = memoryRevocations();
  let asked = 0;
  const policy = definePolicy({
    actions: {
      say: permission("restless", async () => {
        asked += 1;
        await revocations.refresh("user:1");
        return true;
      }),
    },
  });
  const { open } = lasting(policy, async () => ({ role }), { identify, revocations });
  const { send, wire } = await open();
  send("say");
  await settled();
  await settled();
  expect([asked, wire.sent]).toEqual([4, ["refuse say permission_timeout 503"]]);
});

test("a rule that refreshes while it answers at once is asked again", async () => {
  let isFirst = true;
  const answers: string[] = [];
  const policy = definePolicy({
    actions: {
      say: permission("sync", ({ scope }: { scope: Role }) => {
        if (isFirst) void session?.refresh();
        isFirst = false;
        answers.push(scope.role);
        return scope.role === "admin";
      }),
    },
  });
  let session: { refresh(): Promise<unknown> } | undefined;
  const opened = await lasting(policy as never, async () => ({ role }), { identify }).open();
  session = opened.session;
  role = "member";
  opened.send("say");
  await settled();
  expect([answers, opened.wire.sent]).toEqual([["admin", "member"], ["refuse say permission_denied 403"]]);
});

test("session.decide() waits for the new scope", async () => {
  const revocations = memoryRevocations();
  const policy = definePolicy({ actions: { edit: isAdmin } });
  const { open } = lasting(policy as never, async () => ({ role }), { identify, revocations });
  const { session } = await open();
  expect(await session.can("edit")).toBe(true);
  role = "member";
  const refreshed = revocations.refresh("user:1");
  expect(await session.can("edit")).toBe(false);
  await refreshed;
  await revocations.revoke("user:1");
  expect(await session.decide("edit")).toMatchObject({ code: "aborted" });
});

describe("a role that `onDecision` takes away", () => {
  /** Plays `edit`. The first decision of a phase takes the role away. */
  async function demotedIn(phase: string, rules: unknown) {
    const revocations = memoryRevocations();
    const heard: unknown[] = [];
    let isLeft = true;
    const onDecision = (event: { phase: string; decision: { code: string } }) => {
      heard.push(`${event.phase} ${event.decision.code}`);
      if (event.phase !== phase || !isLeft) return;
      isLeft = false;
      role = "member";
      void revocations.refresh("user:1");
    };
    const authenticate = async () => ({ user: { id: 1 }, role });
    const { open } = lasting(rules as never, authenticate, { identify, revocations }, { onDecision });
    const { send, wire } = await open();
    heard.length = 0;
    send("edit");
    await settled();
    return { sent: wire.sent, heard: heard.filter((one) => one !== "connect allowed") };
  }

  test.each([
    ["at once", isAdmin],
    ["later", permission("later", async ({ scope }: { scope: Role }) => scope.role === "admin")],
  ])("stops the message that was decided %s", async (_when, edit) => {
    expect(await demotedIn("action", definePolicy({ actions: { edit } }) as never)).toEqual({
      sent: ["refuse edit permission_denied 403"],
      heard: ["action allowed", "action permission_denied"],
    });
  });

  test.each([
    ["at once", (isIt: boolean) => isIt],
    ["later", async (isIt: boolean) => isIt],
  ])("counts for an object that was decided %s", async (_when, answer) => {
    const owns = permission("owns", { object: ({ scope }: { scope: Role }) => answer(scope.role === "admin") });
    const consumer = defineConsumer()
      .connect(AllowAny)
      .action("edit", owns as never, async ({ authorize, action }) => {
        await authorize(action, undefined, { object: {} });
        return "done";
      });
    const { sent } = await demotedIn("object", consumer);
    expect(sent).toEqual(["refuse edit permission_denied 403"]);
  });

  test("after a refusal leaves it as it is", async () => {
    const isMember = permission("isMember", ({ scope }: { scope: Role }) => scope.role === "member");
    expect(await demotedIn("action", definePolicy({ actions: { edit: isMember } }) as never)).toEqual({
      sent: ["refuse edit permission_denied 403"],
      heard: ["action permission_denied"],
    });
  });
});

test("session.decide() asks the same question once the scope is settled", async () => {
  const asked: unknown[][] = [];
  const note = (...question: unknown[]) => asked.push(question) > 0;
  const edit = permission("edit", {
    action: ({ action, payload }) => note(action, payload),
    object: ({ action, payload, object }) => note(action, payload, object),
  });
  const policy = definePolicy({ actions: { edit } });
  const { session } = await lasting(policy as never, async () => ({ role }), { identify }).open();
  void session.refresh();
  expect(await session.can("edit", { id: 1 })).toBe(true);
  void session.refresh();
  expect(await session.can("edit", { id: 2 }, { object: "note" })).toBe(true);
  expect(asked).toEqual([
    ["edit", { id: 1 }],
    ["edit", { id: 2 }],
    ["edit", { id: 2 }, "note"],
  ]);
});

test("session.decide() tells of an end that comes meanwhile", async () => {
  const revocations = memoryRevocations();
  const answer = deferred<boolean>();
  const policy = definePolicy({ actions: { edit: permission("slow", () => answer.promise) } });
  const { open } = lasting(policy as never, async () => ({ role }), { identify, revocations });
  const { session } = await open();
  const decided = session.decide("edit");
  await revocations.revoke("user:1");
  answer.resolve(true);
  expect(await decided).toMatchObject({ code: "aborted" });
  expect(session.identity).toMatchObject({ state: "ended" });
});

test("session.decide() ends where the scope changes without end", async () => {
  const revocations = memoryRevocations();
  const restless = permission("restless", async () => {
    await revocations.refresh("user:1");
    return true;
  });
  const policy = definePolicy({ actions: { edit: restless } });
  const { open } = lasting(policy as never, async () => ({ role }), { identify, revocations });
  const { session } = await open();
  expect(await session.decide("edit")).toMatchObject({ code: "permission_timeout", status: 503 });
});

test("the state of a connection that was closed is `ended`", async () => {
  const policy = definePolicy({ actions: { edit: AllowAny } });
  const { session } = await lasting(policy, () => ({}), { identify: () => null }).open();
  session.close();
  expect(session.identity?.state).toBe("ended");
});

test("a drain waits for a message that is decided again", async () => {
  const [loaded, database] = [deferred<object>(), deferred<void>()];
  let isSlow = false;
  const authenticate = async () => {
    if (isSlow) await database.promise;
    return { user: { id: 1 }, role };
  };
  const consumer = defineConsumer()
    .connect(AllowAny)
    .action("edit", hasRole, { object: () => loaded.promise }, () => "edited");
  const { open } = lasting(consumer as never, authenticate as never, { identify });
  const { session, send, wire } = await open();
  send("edit");
  await settled();
  isSlow = true;
  void session.refresh();
  loaded.resolve({});
  await settled();
  const order: string[] = [];
  session.drain(() => order.push(`drained after ${wire.sent.length}`));
  await settled();
  database.resolve();
  await settled();
  expect([wire.sent, order]).toEqual([['reply edit "edited"'], ["drained after 1"]]);
});

test("a drain does not wait for a listener that has thrown", async () => {
  const policy = definePolicy({ actions: { edit: AllowAny } });
  const { session, wire } = await lasting(policy, () => ({}), { identify: () => null }).open();
  wire.deliver = () => {
    throw new Error("a listener");
  };
  const message = { action: "edit", payload: {}, bytes: 1 };
  expect(() => session.decideAgain({ message })).toThrow("a listener");
  let isDrained = false;
  session.drain(() => {
    isDrained = true;
  });
  await settled();
  expect(isDrained).toBe(true);
});

test("a message whose rule refreshes its session is decided again", async () => {
  let asked = 0;
  const refreshing = permission("refreshing", () => {
    if (asked++ === 0) void session.refresh();
    return true;
  });
  const policy = definePolicy({ actions: { edit: refreshing } });
  const authenticate = async () => ({ user: { id: 1 }, role });
  // Decisions that nobody hears take a shorter way.
  const { open } = lasting(policy, authenticate, { identify }, { onDecision: undefined as never });
  const { send, wire, session } = await open();
  send("edit");
  expect(wire.sent).toEqual([]);
  await settled();
  expect([asked, wire.sent]).toEqual([2, ["deliver edit"]]);
});
