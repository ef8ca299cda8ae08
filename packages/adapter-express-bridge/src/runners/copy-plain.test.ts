import express, { type RequestHandler } from "express";
import fc from "fast-check";
import Koa from "koa";
import { describe, expect, test } from "vitest";
import { askAction, handshake, scopeOf } from "../../test/support.js";
import { fromExpress } from "../index.js";
import { fromKoa } from "../koa.js";
import { copyOfPlain } from "./copy-plain.js";

class Account {
  visits = 0;
}

type User = Record<string, unknown> & { visits: number; roles: string[]; account: Account };

/** The user as a middleware sees it. The middleware changes it at every message. */
interface Seen {
  readonly visits: number;
  readonly roles: readonly string[];
  readonly ofAccount: number;
  readonly isOne: boolean;
}

function change(user: User, session: { user?: unknown }): Seen {
  const seen = {
    visits: user.visits,
    roles: [...user.roles],
    ofAccount: user.account.visits,
    isOne: session.user === user,
  };
  user.visits += 1;
  user.roles.push("admin");
  user.account.visits += 1;
  user.isAdmin = true;
  return seen;
}

describe.each([
  [
    "Express",
    (seen: Seen[]) => {
      const look: RequestHandler = (request, _response, next) => {
        const { user, session } = request as never;
        seen.push(change(user, session));
        next();
      };
      return fromExpress(look, { app: express(), user: "scope" });
    },
  ],
  [
    "Koa",
    (seen: Seen[]) => {
      const look = (context: Koa.Context, next: Koa.Next) => {
        seen.push(change(context.state.user, context.session as never));
        return next();
      };
      return fromKoa(look as never, { app: new Koa(), user: "scope" });
    },
  ],
])("the user of the scope in %s", (_name, make) => {
  test("is copied for every message if plain, and shared otherwise", async () => {
    const seen: Seen[] = [];
    const rule = make(seen);
    const user: User = { visits: 0, roles: ["reader"], account: new Account() };
    const scope = scopeOf(handshake(), { user, session: { user } });
    for (let message = 0; message < 2; message++) {
      expect((await askAction(rule, { scope })).outcome).toBe("allow");
    }
    const own = { visits: 0, roles: ["reader"], isOne: true };
    expect(seen).toEqual([
      { ...own, ofAccount: 0 },
      { ...own, ofAccount: 1 },
    ]);
    expect(user).toEqual({ visits: 0, roles: ["reader"], account: user.account });
  });
});

describe("a copy", () => {
  const isPlainHolder = (value: unknown): value is Record<string, unknown> =>
    Array.isArray(value) || (typeof value === "object" && value !== null && !(value instanceof Date));

  test("is equal, and shares nothing that is plain", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.date());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const copy = copyOfPlain(value);
        expect(copy).toStrictEqual(value);
        const pairs: [unknown, unknown][] = [[copy, value]];
        for (const [one, other] of pairs) {
          if (!isPlainHolder(one)) continue;
          expect(one).not.toBe(other);
          for (const key of Object.keys(one)) pairs.push([one[key], (other as Record<string, unknown>)[key]]);
        }
      }),
    );
  });

  test("keeps circles, symbols, getters and what is frozen", () => {
    const tag = Symbol("tag");
    const value = {
      list: Object.freeze([1]),
      [tag]: { a: 1 },
      get sum() {
        return this.list.length;
      },
      self: undefined as unknown,
    };
    value.self = value;
    const copy = copyOfPlain(value);
    expect(copy.self).toBe(copy);
    expect([copy[tag], copy.sum, Object.isFrozen(copy.list)]).toEqual([{ a: 1 }, 1, false]);
    expect(() => (copy.list as number[]).splice(0, 1, 2)).toThrow(TypeError);
  });

  test("keeps the gaps of a list", () => {
    const list: number[] = [];
    list[1] = 7;
    expect(Object.entries(copyOfPlain(list))).toEqual([["1", 7]]);
    expect(copyOfPlain(list)).toHaveLength(2);
  });

  test.each([
    ["a function", () => {}],
    ["an instance", new Account()],
    ["a map", new Map()],
    ["a list of a class of its own", new (class extends Array {})()],
    ["bytes", Buffer.from("a")],
  ])("is not made of %s", (_what, value) => {
    expect(copyOfPlain({ value }).value).toBe(value);
  });
});
