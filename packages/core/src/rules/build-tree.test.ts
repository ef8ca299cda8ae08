import { describe, expect, it } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { act, actNow } from "../../test/support.js";
import { PermissionMisuse } from "../decision/errors.js";
import { definePolicy } from "../policy/policy.js";
import { BasePermission } from "./base-permission.js";
import { toTree } from "./build-tree.js";
import { AllowAny } from "./built-in/allow-any.js";
import { DenyAll } from "./built-in/deny-all.js";
import { and } from "./combinators/and.js";
import { not } from "./combinators/not.js";
import { or } from "./combinators/or.js";
import { permission } from "./function-rule.js";
import type { PermissionLike } from "./infer.js";

const combine = and as unknown as (...operands: unknown[]) => PermissionLike;

describe("operands", () => {
  it("are classes, instances, function rules, combinations and lists, freely nested", () => {
    const rule = permission("yes", () => true);
    const nested = and(AllowAny, new AllowAny(), rule, or(rule, [AllowAny, not(DenyAll)]), [rule, [rule]] as never);
    expect(actNow(nested)).toMatchObject({ outcome: "allow" });
    expect(nested.name).toBe("and(AllowAny, AllowAny, yes, or(yes, and(AllowAny, not(DenyAll))), and(yes, and(yes)))");
  });

  it("classes are instantiated once, when the tree is built", () => {
    let made = 0;
    class Counted extends BasePermission<object> {
      constructor() {
        super();
        made += 1;
      }
      override hasPermission() {
        return true;
      }
    }
    const rule = and(Counted, AllowAny);
    expect(made).toBe(1);
    actNow(rule);
    actNow(rule);
    expect(made).toBe(1);
  });

  it("the error for a bare function names the correction", () => {
    function hasRole() {
      return permission("hasRole", () => true);
    }
    expect(() => combine(hasRole)).toThrow(PermissionMisuse);
    expect(() => combine(hasRole)).toThrow(
      'and() got the function `hasRole`, which is no permission: wrap a plain function as permission("hasRole", hasRole), and call a function that makes a permission, as in hasRole(...); a class extends BasePermission',
    );
    expect(() => combine(() => true)).toThrow('permission("isMember", isMember)');
    expect(() => combine(class Other {})).toThrow("which is no permission");
  });

  it("a bare middleware is told to be wrapped", () => {
    const requireLogin = (_request: unknown, _response: unknown, _next: unknown) => {};
    expect(() => combine(requireLogin)).toThrow(
      'wrap a middleware as fromExpress(requireLogin, { app }), and a rule as permission("requireLogin", ({ scope }) => ...)',
    );
  });

  it("a table of rules in place of a rule is told to be flat", () => {
    for (const rules of [{ send: AllowAny }, { title: "chat", send: permission("yes", () => true) }]) {
      expect(() => combine(rules)).toThrow(
        'and() got an object, which is no permission: names are flat, as in "chat.send": write each action with its whole name',
      );
    }
  });

  it("a class whose constructor has parameters is refused", () => {
    class InRoom extends BasePermission {
      constructor(readonly room: string) {
        super();
      }
      override hasPermission() {
        return this.room === "lobby";
      }
    }
    expect(() => combine(InRoom)).toThrow(
      new PermissionMisuse(
        "and() got the function `InRoom`, whose constructor has parameters: give an instance, as in new InRoom(...)",
      ),
    );
  });

  it("a class without a name is told with an example", () => {
    const made = () =>
      class extends BasePermission {
        constructor(readonly room: string) {
          super();
        }
      };
    expect(() => combine(made())).toThrow("give an instance, as in new IsMember(...)");
  });

  it.each<[unknown, string]>([
    [new Error("no room"), "no room"],
    ["no room", '"no room"'],
  ])("a class whose constructor throws %s is refused", (error, shown) => {
    class IsMember extends BasePermission {
      constructor() {
        super();
        throw error;
      }
    }
    expect(() => combine(IsMember)).toThrow(
      new PermissionMisuse(
        `and() got the function \`IsMember\`, whose constructor has thrown (${shown}): give an instance, as in new IsMember(...)`,
      ),
    );
  });

  it.each([
    ["hasPermision", "hasPermission"],
    ["has_permission", "hasPermission"],
    ["hasObjectPermision", "hasObjectPermission"],
    ["has_object_permission", "hasObjectPermission"],
    ["canconnect", "canConnect"],
  ])("a class with the misspelt method %s beside a hook is refused", (name, meant) => {
    class NotBanned extends BasePermission {
      override canConnect() {
        return true;
      }
    }
    const other = class Other extends BasePermission {
      override hasPermission() {
        return true;
      }
    };
    for (const Base of [NotBanned, other]) {
      const Misspelt = { [Base.name]: class extends Base {} }[Base.name] as typeof NotBanned;
      Object.defineProperty(Misspelt.prototype, name, { value: () => false });
      class Sub extends Misspelt {}
      const message = `.${name}\` is never called: write ${meant}, or give it another name`;
      expect(() => toTree(Misspelt, "test")).toThrow(new PermissionMisuse(`\`${Base.name}${message}`));
      expect(() => toTree(Sub, "test")).toThrow(new PermissionMisuse(`\`Sub${message}`));
      const own = new Base();
      Object.assign(own, { [name]: () => false });
      expect(() => toTree(own, "test")).toThrow(PermissionMisuse);
    }
  });

  it("a class may have methods of its own", () => {
    class Helped extends BasePermission {
      override hasPermission() {
        return this.hasPermissionIn("lobby") && this.onConnect() && this.canCollect();
      }
      hasPermissionIn(room: string) {
        return room === "lobby";
      }
      onConnect() {
        return true;
      }
      canCollect() {
        return true;
      }
    }
    expect(toTree(Helped, "test")).toMatchObject({ kind: "leaf", name: "Helped" });
  });

  it("a class without any hook is refused", () => {
    class NotBanned extends BasePermission {
      isBanned() {
        return false;
      }
    }
    class Named extends BasePermission {
      override readonly name = "isOwner";
    }
    const message = "answers nothing: give it canConnect, hasPermission or hasObjectPermission";
    expect(() => toTree(NotBanned, "test")).toThrow(PermissionMisuse);
    expect(() => toTree(NotBanned, "test")).toThrow(`\`NotBanned\` ${message}`);
    expect(() => toTree(new Named(), "test")).toThrow(`\`isOwner\` ${message}`);
    class Circular extends BasePermission {
      override hasPermission = undefined as never;
    }
    expect(() => toTree(Circular, "test")).toThrow("`Circular.hasPermission` is undefined: define it as a method");
    expect(toTree(BasePermission, "test").name).toBe("BasePermission");
  });

  it.each([
    [undefined, "was it imported before it was defined (a circular import), or misspelt?"],
    [null, "give a class that extends BasePermission, or permission(name, fn)"],
    ["IsAuthenticated", "give a class that extends BasePermission, or permission(name, fn)"],
    [true, "give a class that extends BasePermission, or permission(name, fn)"],
    [{ hasPermission: () => true }, "extend BasePermission, or use permission(name, fn)"],
  ])("%o is no permission", (operand, advice) => {
    for (const build of [combine, or, not, (one: unknown) => definePolicy({ permissions: one as never })]) {
      expect(() => (build as (operand: unknown) => unknown)(operand)).toThrow(advice);
    }
  });

  it("an empty list is none", () => {
    expect(() => combine([])).toThrow(
      "and() got an empty list: write AllowAny to admit everybody, DenyAll to admit nobody",
    );
  });

  it("a method that is none is told, with its name", () => {
    class Odd extends BasePermission {
      override hasPermission = true as never;
    }
    expect(() => combine(Odd)).toThrow("`Odd.hasPermission` is true: define it as a method that answers true or false");
  });

  it("a status out of range is refused at build time", () => {
    class Odd extends BasePermission {
      override readonly status = 200;
    }
    expect(() => combine(Odd)).toThrow(PermissionMisuse);
  });
});

describe("a class may have fields of any name", () => {
  const isAsked = (rule: PermissionLike) => definePolicy({ actions: { act: rule } });

  it.each(["tree", "parts", "rule", "operands", "actions"])("a field called %s", (field) => {
    class Denying extends BasePermission<object> {
      override readonly name = "Denying";
      constructor() {
        super();
        Object.defineProperty(this, field, { value: AllowAny, enumerable: true });
      }
      override hasPermission() {
        return false;
      }
    }
    for (const rule of [Denying, new Denying(), and(AllowAny, new Denying())]) {
      expect(isAsked(rule).decide({} as never, { id: "" } as never, "act")).toMatchObject({
        outcome: "deny",
        by: "Denying",
      });
    }
  });
});

describe("names", () => {
  it("are that of the class, or one of its own", () => {
    class Named extends BasePermission<object> {
      override readonly name = "isNamed";
      override hasPermission() {
        return false;
      }
    }
    expect(actNow(Named)).toMatchObject({ by: "isNamed" });
    const anonymous = (() =>
      class extends BasePermission<object> {
        override hasPermission() {
          return false;
        }
      })();
    expect(actNow(anonymous)).toMatchObject({ by: "permission" });
  });

  it("of wide combinations are cut", () => {
    const many = Array.from({ length: 100 }, () => AllowAny) as unknown as [typeof AllowAny];
    const { name } = and(...many);
    expect(name.length).toBeLessThan(220);
    expect(name.startsWith("and(AllowAny, AllowAny, ")).toBe(true);
    expect(name.endsWith("...)")).toBe(true);
  });
});

describe("a denial by `false`", () => {
  it("says what the class says", () => {
    class IsMember extends BasePermission<object> {
      override readonly code = "not_a_member";
      override readonly reason = "Join the room first";
      override readonly status = 402;
      override hasPermission() {
        return false;
      }
    }
    const refusal = { code: "not_a_member", reason: "Join the room first", status: 402, by: "IsMember" };
    expect(actNow(IsMember)).toMatchObject(refusal);
    expect(actNow(and(AllowAny, or(IsMember, not(not(IsMember)))))).toMatchObject(refusal);
    const policy = definePolicy({ actions: { act: IsMember } });
    const decision = policy.decide({}, { id: "" } as never, "act");
    expect(policy.decide({}, { id: "" } as never, "act")).toBe(decision);
  });
});

describe("depth and width", () => {
  type Wrap = (inner: PermissionLike, turn: number) => PermissionLike;
  const wraps: [string, Wrap][] = [
    ["and", (inner) => and(inner, AllowAny)],
    ["or, at the end", (inner) => or(DenyAll, inner)],
    [
      "and, or, not in turn",
      (inner, turn) => [and(inner, AllowAny), or(DenyAll, inner), not(not(inner))][turn % 3] as PermissionLike,
    ],
    ["lists", (inner) => [inner] as never],
  ];
  const nested = (depth: number, wrap: Wrap) => {
    let rule: PermissionLike = AllowAny;
    for (let turn = 0; turn < depth; turn++) rule = wrap(rule, turn);
    return rule;
  };

  it.each(wraps)("1,000 deep works: %s", async (name, wrap) => {
    const rule = nested(name.includes("turn") ? 750 : 1000, wrap);
    const policy = definePolicy({ connect: rule, permissions: rule, actions: { act: rule } });
    const consumer = { id: "" } as never;
    expect(policy.decide({} as never, consumer, "act")).toMatchObject({ outcome: "allow" });
    expect(policy.decideConnect({} as never, consumer)).toMatchObject({ outcome: "allow" });
    expect(policy.decide({} as never, consumer, "act", {}, { object: {} })).toMatchObject({ outcome: "allow" });
    expect(JSON.stringify(policy.describe()).length).toBeGreaterThan(1000);
  });

  it.each(wraps)("10,000 deep is told in words: %s", (_, wrap) => {
    const build = () => definePolicy({ permissions: nested(10_000, wrap) as never });
    expect(build).toThrow(PermissionMisuse);
    expect(build).toThrow(/^(and|or|not)\(\) is nested more than 1200 levels deep: give operands side by side/);
  });

  it("a list that holds itself is told the same", () => {
    const list: unknown[] = [];
    list.push(list);
    expect(() => combine(list)).toThrow("and() is nested more than 1200 levels deep");
  });

  it.each([true, false])("1,000 wide works, sync: %s", async (isSync) => {
    const asked: number[] = [];
    const rules = Array.from({ length: 1000 }, (_, index) =>
      permission(`r${index}`, () => {
        asked.push(index);
        return isSync ? true : Promise.resolve(true);
      }),
    ) as unknown as [PermissionLike, ...PermissionLike[]];
    expect(await act(and(...rules))).toMatchObject({ outcome: "allow" });
    expect(asked).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    const denied = await act(or(...(rules.map((rule) => not(rule)) as unknown as [PermissionLike])));
    expect(denied).toMatchObject({ outcome: "deny", by: "not(r0)" });
    expect(denied.causes).toHaveLength(1000);
  });
});

describe("a class rule", () => {
  it("gets message and object in their places", () => {
    const given: unknown[] = [];
    class Noting extends BasePermission<object> {
      override canConnect(_scope: object, _consumer: unknown, message: unknown) {
        return given.push(message) > 0;
      }
      override hasObjectPermission(_scope: object, _consumer: unknown, action: string, object: unknown) {
        return given.push(action, object) > 0;
      }
    }
    const entry = { rule: Noting, objects: "checked-by-handler" } as const;
    const policy = definePolicy({ connect: Noting, actions: { edit: entry } });
    const [message, object] = [{ room: "lobby" }, { owner: 1 }];
    policy.decideConnect({}, CONSUMER, message);
    policy.decide({}, CONSUMER, "edit", {}, { object });
    expect(given).toEqual([message, "edit", object]);
  });

  it("gets its options even when a comment hides them", () => {
    const given: unknown[] = [];
    // Written as text, because a formatter or a compiler would move the comment.
    const hasPermission = new Function("given", "return (a, b, c, d /* ) */, e = 1) => given.push(e) > 0")(given);
    class Hiding extends BasePermission<object> {
      override hasPermission = hasPermission;
    }
    definePolicy({ actions: { act: Hiding as never } }).decide({} as never, CONSUMER, "act");
    expect(given).toHaveLength(1);
    expect(given).not.toEqual([1]);
  });

  it("is nested up to the limit, and not beyond", () => {
    const nested = (levels: number) => {
      let rule: PermissionLike = AllowAny;
      for (let level = 0; level < levels; level++) rule = not(rule);
      return rule;
    };
    expect(toTree(nested(1200), "test").depth).toBe(1200);
    expect(() => nested(1201)).toThrow(PermissionMisuse);
  });
});

describe("the name of a tree", () => {
  it("is cut where it is longer than anybody reads", () => {
    const named = (length: number) => and(permission("x".repeat(length), () => true)).name;
    expect(named(200)).toBe(`and(${"x".repeat(200)})`);
    expect(named(201)).toBe(`and(${"x".repeat(200)}...)`);
  });

  it("an invalid code is reported like that of deny()", () => {
    class Nameless extends BasePermission<object> {
      override readonly code = "";
      override hasPermission = () => true;
    }
    expect(() => toTree(Nameless, "test")).toThrow(/^deny\(\)/);
  });
});
