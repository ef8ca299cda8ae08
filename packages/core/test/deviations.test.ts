import {
  AllowAny,
  allow,
  and,
  BasePermission,
  type Context,
  type Decision,
  definePolicy,
  deny,
  IsAuthenticated,
  not,
  or,
  PermissionDenied,
  PermissionMisuse,
  permission,
} from "@portcullis/core";
import { describe, expect, it } from "vitest";
import { CONSUMER } from "./probes.js";

/** All deliberate deviations from djangochannelsrestframework (DCRF) 1.3.0. */

const ANONYMOUS = { user: null };
const ALICE = { user: { id: 1 } } as never;

const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value));

class ConnectOnly extends BasePermission<object> {
  override canConnect() {
    return true;
  }
}

class Sync extends BasePermission<object> {
  override hasPermission() {
    return true;
  }
}

class Async extends BasePermission<object> {
  override async hasPermission() {
    return later(true);
  }
}

function act(rule: Parameters<typeof and>[0], scope: object = ALICE): Decision | Promise<Decision> {
  return definePolicy({ actions: { act: rule } }).decide(scope as never, CONSUMER, "act", {});
}

describe("nothing is configured", () => {
  it("DCRF: open by default. Here: empty policies are refused", () => {
    expect(() => definePolicy({})).toThrow(PermissionMisuse);
    expect(() => definePolicy({})).toThrow("write `permissions: AllowAny` to leave messages open");
    expect(() => definePolicy({ connect: AllowAny })).toThrow(PermissionMisuse);
  });

  it("DCRF: an empty list allows. Here: it is a misuse", () => {
    expect(() => definePolicy({ permissions: [] as never })).toThrow("write AllowAny to admit everybody");
    expect(() => definePolicy({ actions: { act: [] as never } })).toThrow(PermissionMisuse);
    expect(() => and([] as never)).toThrow(PermissionMisuse);
  });
});

describe("affirmative answers", () => {
  it.each(["false", "no", 1, {}, [], { ok: false }, () => true, undefined, null, 0, ""])(
    "DCRF: truthiness decides, so %j allows or denies. Here: it is a fault, and no `not` turns it round",
    async (value) => {
      const rule = permission("odd", () => value as never);
      for (const one of [rule, not(rule), or(rule, not(rule))]) {
        expect(await act(one)).toMatchObject({ outcome: "error", code: "permission_error", by: "odd" });
      }
    },
  );

  it("DCRF: a negated None allows. Here: it is a fault", async () => {
    expect(await act(not(permission("forgotten", () => undefined as never)))).toMatchObject({ outcome: "error" });
  });

  it("here only true and allow() allow", async () => {
    expect(await act(permission("yes", () => true))).toMatchObject({ outcome: "allow" });
    expect(await act(permission("yes", () => allow()))).toMatchObject({ outcome: "allow" });
  });

  it("DCRF: an un-awaited coroutine allows. Here: it is awaited", async () => {
    class Wrapper extends BasePermission<object> {
      override hasPermission() {
        return later(false);
      }
    }
    expect(await act(Wrapper)).toMatchObject({ outcome: "deny" });
    expect(await act(permission("wrapper", () => later(false)))).toMatchObject({ outcome: "deny" });
    expect(
      await act(
        and(
          Sync,
          permission("wrapper", () => later(false)),
        ),
      ),
    ).toMatchObject({ outcome: "deny" });
  });
});

describe("negation", () => {
  it("DCRF: ~IsAuthenticated refuses connections. Here: it abstains at connect", () => {
    const policy = definePolicy({ permissions: not(IsAuthenticated), actions: { act: AllowAny } });
    expect(policy.decideConnect(ANONYMOUS, CONSUMER)).toMatchObject({ outcome: "allow" });
    expect(policy.decideConnect(ALICE, CONSUMER)).toMatchObject({ outcome: "allow" });
    expect(policy.decide(ANONYMOUS, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
    expect(policy.decide(ALICE, CONSUMER, "act")).toMatchObject({ outcome: "deny", by: "not(IsAuthenticated)" });
  });

  it("DCRF: ~(connect rule) allows actions. Here: abstain is kept", async () => {
    expect(await act(not(ConnectOnly))).toMatchObject({ outcome: "deny", code: "permission_denied" });
    expect(definePolicy({ permissions: not(ConnectOnly) }).decide(ALICE, CONSUMER, "act")).toMatchObject({
      outcome: "deny",
    });
  });
});

describe("composition", () => {
  it("DCRF: nested composition raises TypeError. Here: any depth works", async () => {
    const nested = or(and(Sync, not(not(or(and(Sync, Async), Sync)))), not(and(Sync, Async)));
    expect(await act(nested)).toMatchObject({ outcome: "allow" });
    const policy = definePolicy({ connect: nested, actions: { act: nested } });
    expect(await policy.decideConnect(ALICE, CONSUMER)).toMatchObject({ outcome: "allow" });
  });

  it("DCRF: sync permissions crash compositions. Here: both mix", async () => {
    expect(await act(and(Sync, Async))).toMatchObject({ outcome: "allow" });
    expect(await act(and(Async, Sync))).toMatchObject({ outcome: "allow" });
    expect(await act(or(not(Sync), Async))).toMatchObject({ outcome: "allow" });
    expect(act(and(Sync, not(not(Sync))))).not.toBeInstanceOf(Promise);
  });

  it("DCRF: a raise ends an `or`. Here: the next operand runs", async () => {
    const broken = permission("broken", () => {
      throw new Error("down");
    });
    expect(await act(or(broken, Sync))).toMatchObject({ outcome: "allow" });
  });

  it("DCRF: PermissionDenied in `or` vetoes. Here: only in `and`", async () => {
    const raising = permission("raising", () => {
      throw new PermissionDenied("banned");
    });
    for (const rule of [or(raising, Sync), or(Sync, raising), or(raising, Async)]) {
      expect(await act(rule)).toMatchObject({ outcome: "allow" });
    }
    expect(await act(or(raising, not(Sync)))).toMatchObject({ code: "banned", status: 403 });
    expect(await act(and(raising, or(Sync, Async)))).toMatchObject({ code: "banned", status: 403 });
    const policy = definePolicy({ permissions: raising, actions: { act: or(raising, Sync) } });
    expect(policy.decide(ALICE, CONSUMER, "act")).toMatchObject({ code: "banned" });
  });

  it("DCRF: a missing has_permission denies in `and`. Here: it abstains", async () => {
    expect(await act(and(ConnectOnly, Sync))).toMatchObject({ outcome: "allow" });
    expect(await act(and(ConnectOnly, not(Sync)))).toMatchObject({ outcome: "deny" });
    expect(await act(and(ConnectOnly, ConnectOnly))).toMatchObject({ outcome: "deny", code: "permission_denied" });
  });

  it("DCRF: one permission per check. Here: one for all", async () => {
    let made = 0;
    class Keeping extends BasePermission<{ user: { id: number } }> {
      user: { id: number } | undefined;
      constructor() {
        super();
        made += 1;
      }
      override hasPermission({ user }: { user: { id: number } }) {
        this.user ??= user;
        return this.user.id === 1;
      }
    }
    const policy = definePolicy({ connect: Keeping, permissions: Keeping, actions: { act: AllowAny } });
    const before = made;
    const answers = [ALICE, { user: { id: 2 } }].map((scope) => policy.decide(scope, CONSUMER, "act"));
    expect(answers).toMatchObject([{ outcome: "allow" }, { outcome: "allow" }]);
    expect(made).toBe(before);
  });
});

describe("refusals", () => {
  it("DCRF: PermissionDenied has a default text. Here: codes too", async () => {
    const closed = permission("closed", () => {
      throw new PermissionDenied("room_closed");
    });
    const gone = permission("gone", () => {
      throw new PermissionDenied("not_found");
    });
    expect(await act(closed)).toMatchObject({
      code: "room_closed",
      status: 403,
      reason: "You do not have permission to perform this action.",
    });
    expect(await act(gone)).toMatchObject({ code: "not_found", status: 404, reason: "Not found." });
  });

  it("DCRF: an exception closes with 1011. Here: it refuses", async () => {
    let isDown = true;
    const rule = permission("directory", () => {
      if (isDown) throw new Error("down");
      return true;
    });
    const policy = definePolicy({ actions: { act: rule } });
    const refused = policy.decide(ALICE as never, CONSUMER, "act");
    expect(refused).toMatchObject({ outcome: "error", code: "permission_error", status: 500 });
    isDown = false;
    expect(policy.decide(ALICE as never, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
  });

  it("DCRF: denials lose their message. Here: compositions keep it", async () => {
    const isMember = permission("isMember", () => deny("not_a_member", { reason: "Join the room first" }));
    expect(await act(and(Sync, or(and(Async, isMember), not(Sync))))).toMatchObject({
      code: "not_a_member",
      reason: "Join the room first",
      status: 403,
      by: "isMember",
    });
  });

  it("DCRF: anonymous clients get 403. Here: 401, even in compositions", async () => {
    const policy = definePolicy({
      actions: {
        act: or(
          permission("isOwner", () => false),
          IsAuthenticated,
        ),
      },
    });
    expect(policy.decide(ANONYMOUS as never, CONSUMER, "act")).toMatchObject({
      status: 401,
      code: "not_authenticated",
      reason: "Authentication credentials were not provided.",
      retry: "after-auth",
    });
  });
});

describe("objects", () => {
  class IsAuthor extends BasePermission<{ user: { id: number } }> {
    override hasObjectPermission(
      { user }: { user: { id: number } },
      ...[, , post]: [unknown, unknown, { author: number }]
    ) {
      return post.author === user.id;
    }
  }

  it("DCRF: has_object_permission is never asked. Here: it is", () => {
    const policy = definePolicy({ actions: { edit: IsAuthor } });
    expect(policy.decide(ALICE, CONSUMER, "edit", {}, { object: { author: 1 } })).toMatchObject({ outcome: "allow" });
    expect(policy.decide(ALICE, CONSUMER, "edit", {}, { object: { author: 2 } })).toMatchObject({ outcome: "deny" });
  });
});

describe("client input", () => {
  it("DCRF: arguments become named parameters. Here: one payload object", () => {
    const seen: unknown[] = [];
    class Seeing extends BasePermission<object> {
      override hasPermission(...given: unknown[]) {
        seen.push(given.slice(0, 4));
        return true;
      }
    }
    const rule = permission("seeing", ({ scope, consumer, action, payload }: Context<object>) => {
      seen.push([scope, consumer, action, payload]);
      return true;
    });
    const payload = JSON.parse('{"scope":{"user":{"id":9}},"consumer":1,"self":2,"action":"x","__proto__":{"a":1}}');
    const policy = definePolicy({ actions: { act: and(Seeing, rule) } });
    expect(policy.decide(ANONYMOUS, CONSUMER, "act", payload)).toMatchObject({ outcome: "allow" });
    expect(seen).toEqual([
      [ANONYMOUS, CONSUMER, "act", payload],
      [ANONYMOUS, CONSUMER, "act", payload],
    ]);
  });

  it("DCRF: sockets share one consumer. Here: one context per message", async () => {
    const contexts: Context<{ user: string }>[] = [];
    const rule = permission("who", async (context: Context<{ user: string }>) => {
      contexts.push(context);
      await later(undefined);
      return context.payload.from === context.scope.user;
    });
    const policy = definePolicy({ actions: { act: rule } });
    const users = ["admin", "anon", "bob"];
    const decisions = users.map((user) => policy.decide({ user }, CONSUMER, "act", { from: user }));
    expect((await Promise.all(decisions)).map(({ outcome }) => outcome)).toEqual(["allow", "allow", "allow"]);
    expect(new Set(contexts).size).toBe(3);
    expect(contexts.map(({ scope }) => scope.user)).toEqual(users);
  });
});
