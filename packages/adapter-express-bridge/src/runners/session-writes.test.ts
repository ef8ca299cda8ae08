import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { limitSessionWrites } from "./session-writes.js";

type Callback = (error?: unknown, session?: unknown) => void;

/** A store that holds the session `a`, with a private field as a class may have it. */
class Store {
  readonly calls: string[] = [];
  readonly name = "memory";
  #size = 1;
  answer: [error?: unknown, session?: unknown] = [null, {}];

  get size() {
    return this.#size;
  }
  count(): number {
    return this.#size;
  }
  get(_id: string, callback: Callback): void {
    callback(...this.answer);
  }
  set(id: string, _session: unknown, callback: Callback): void {
    this.calls.push(`set ${id}`);
    callback();
  }
  touch: ((id: string, session: unknown, callback: Callback) => void) | undefined = (id, _session, callback) => {
    this.calls.push(`touch ${id}`);
    callback();
  };
  regenerate(_request: unknown, callback: Callback): void {
    this.calls.push("regenerate");
    callback();
  }
}

/** What express-session and middlewares use of a request. */
interface Sessions extends IncomingMessage {
  sessionStore?: unknown;
  session?: unknown;
  sessionID?: unknown;
}

function begin(store: unknown, isIdle = false) {
  const request: Sessions = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  limitSessionWrites({ request, response }, isIdle);
  request.sessionStore = store;
  return { request, response, limited: request.sessionStore as Store };
}

describe("a limited store", () => {
  test("gives its properties, and its methods with their private fields", () => {
    const store = new Store();
    const { limited } = begin(store);
    expect([limited.name, limited.size, limited.count(), limited.constructor]).toEqual(["memory", 1, 1, Store]);
  });

  test("passes the properties on that are set", () => {
    const store = new Store();
    const { limited } = begin(store);
    limited.answer = ["down"];
    expect(store.answer).toEqual(["down"]);
  });

  test.each([undefined, null, "memory", 7])("stays what is no store: %s", (none) => {
    expect(begin(none).limited).toBe(none);
  });

  test("is limited too where another one takes its place", () => {
    const [first, second] = [new Store(), new Store()];
    const { request } = begin(first);
    second.answer = [null, null];
    request.sessionStore = second;
    const limited = request.sessionStore as Store;
    limited.set("a", {}, () => {});
    limited.answer = [null, {}];
    limited.set("b", {}, () => {});
    expect([first.calls, second.calls]).toEqual([[], ["set b"]]);
  });

  test.each<[string, unknown[], string[], unknown[]]>([
    ["has the session", [null, {}], ["set a"], []],
    ["has no session", [null, undefined], [], []],
    ["says ENOENT", [Object.assign(new Error("gone"), { code: "ENOENT" })], [], []],
    ["says ENOENT beside a session", [{ code: "ENOENT" }, {}], [], []],
    ["has failed", ["down"], [], ["down"]],
    ["has failed with a code", [{ code: "EIO" }], [], [{ code: "EIO" }]],
  ])("writes by what it answers: it %s", (_what, answer, calls, told) => {
    const store = new Store();
    store.answer = answer as [];
    const done = vi.fn();
    begin(store).limited.set("a", {}, done);
    expect(store.calls).toEqual(calls);
    expect(done.mock.calls).toEqual([told]);
  });

  test.each<[string, unknown[], string[], unknown]>([
    ["has the session", [null, {}], [], expect.any(PermissionMisuse)],
    ["has no session", [null, undefined], ["regenerate"], undefined],
    ["says ENOENT", [{ code: "ENOENT" }], ["regenerate"], undefined],
    ["has failed", ["down"], [], "down"],
  ])("rotates by what it answers: it %s", (_what, answer, calls, told) => {
    const store = new Store();
    store.answer = answer as [];
    const done = vi.fn();
    const { request, limited } = begin(store);
    limited.regenerate(request, done);
    expect(store.calls).toEqual(calls);
    expect(done.mock.calls[0]?.[0]).toEqual(told);
  });
});

describe("a session", () => {
  type Content = Record<string, Record<string, unknown>>;

  test.each<[string, (session: Content) => void, string]>([
    ["is unmodified", () => {}, "touch a"],
    ["has a cookie with another end", (session) => Object.assign(session.cookie as object, { maxAge: 2 }), "touch a"],
    ["is modified", (session) => Object.assign(session, { user: 1 }), "set a"],
    ["has a modified cookie inside", (session) => Object.assign(session.cart as object, { cookie: 2 }), "set a"],
  ])("is written only where it is modified: it %s", (_what, change, call) => {
    const store = new Store();
    const { request, limited } = begin(store);
    const session = { cookie: { maxAge: 1 }, cart: { cookie: 1 } };
    request.session = session;
    change(session);
    limited.set("a", session, () => {});
    expect(store.calls).toEqual([call]);
  });

  test("needs no store that can touch it", () => {
    const store = new Store();
    store.touch = undefined;
    const { request, limited } = begin(store);
    const session = { cart: 1 };
    request.session = session;
    const done = vi.fn();
    limited.set("a", session, done);
    expect(store.calls).toEqual([]);
    expect(done.mock.calls).toEqual([[]]);
  });

  test.each([false, true])("may be none, or no object (idle: %s)", (isIdle) => {
    const { request } = begin(new Store(), isIdle);
    for (const none of [undefined, null, "none", 7]) {
      request.session = none;
      expect(request.session).toBe(none);
    }
  });

  test("of an idle client keeps its end, by a method as any other", () => {
    const { request } = begin(new Store(), true);
    const session: { touch?: () => unknown } = { touch: () => "touched" };
    request.session = session;
    expect(session.touch?.()).toBe(session);
    request.session = session;
    expect(Object.keys(session)).toEqual(["touch"]);
    session.touch = () => "own";
    expect(session.touch()).toBe("own");
    expect(delete session.touch).toBe(true);
  });

  test.each<[string, (request: Sessions) => void, unknown]>([
    ["unmodified", () => {}, undefined],
    ["modified", ({ session }) => Object.assign(session as object, { cart: 1 }), "a"],
    ["removed", (request) => Object.assign(request, { session: undefined }), "a"],
    ["set to null", (request) => Object.assign(request, { session: null }), "a"],
  ])("of an idle client is left alone only if it is unmodified: %s", (_what, change, id) => {
    const { request, response } = begin(new Store(), true);
    const seen: unknown[] = [];
    // As express-session does it, which writes or destroys the session in this function.
    response.end = (() => void seen.push(request.sessionID)) as never;
    Object.assign(request, { sessionID: "a", session: { cookie: {} } });
    change(request);
    response.end();
    expect(seen).toEqual([id]);
  });
});

test.each(["sessionStore", "session"] as const)("`request.%s` is a property as any other", (name) => {
  const { request } = begin(new Store());
  request.session = {};
  expect(Object.keys(request)).toContain(name);
  expect(delete request[name]).toBe(true);
  expect(request[name]).toBeUndefined();
});

test("the `end` of a response is a property as any other", () => {
  const { response } = begin(new Store(), true);
  expect(Object.keys(response)).toContain("end");
  response.end = () => response;
  expect(Object.keys(response)).toContain("end");
  const own = () => response;
  response.end = own;
  expect([response.end, Reflect.deleteProperty(response, "end")]).toEqual([own, true]);
});
