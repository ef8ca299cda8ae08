import { AllowAny, type Consumer, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, open, refusalOf, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";
import { type AdmissionOptions, NamespaceAdmission } from "./namespace-admission.js";

afterEach(stopAll);

describe("a consumer that is closed", () => {
  const closing = (judge: (consumer: Consumer) => boolean | Promise<boolean>) =>
    definePolicy({
      connect: permission("closing", { connect: ({ consumer }) => judge(consumer) }),
      permissions: AllowAny,
    });
  const ABORTED = { data: { code: "aborted", status: 499 } };

  test("while its handshake is decided is refused at once", async () => {
    const consumers: Consumer[] = [];
    const policy = closing((consumer) => {
      consumers.push(consumer);
      return new Promise(() => {});
    });
    const refused = refusalOf(await listen((io) => void guard(io, policy)));
    await until(() => consumers.length === 1);
    consumers[0]?.close();
    expect(await refused).toMatchObject(ABORTED);
  });

  test("by the rule that decides is refused", async () => {
    const policy = closing((consumer) => {
      consumer.close();
      return true;
    });
    const server = await listen((io) => void guard(io, policy));
    expect(await refusalOf(server)).toMatchObject(ABORTED);
    expect(server.io.sockets.sockets.size).toBe(0);
  });
});

test("an origin is judged before there is a user", async () => {
  const users: unknown[] = [];
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: AllowAny }), {
      origins: (_origin, { user }) => users.push(user) > 0,
      authenticate: () => ({ user: { id: 1 } }),
    });
  });
  await open(server, "/", { extraHeaders: { origin: "https://app.example" } });
  expect(users[0]).toBeNull();
});

test("a middleware that throws is a fault of the guard", async () => {
  const onDecision = vi.fn();
  const error = new Error("of the application");
  const server = await listen((io) => {
    guard(io, definePolicy({ permissions: AllowAny }), { onDecision });
    io.use(() => {
      throw error;
    });
  });
  expect(await refusalOf(server)).toMatchObject({ data: { code: "permission_error", status: 500 } });
  expect(onDecision.mock.calls).toMatchObject([[{ phase: "connect", decision: { by: "guard", error } }]]);
});

describe("the answer to socket.io", () => {
  /** The admission of one socket, which the rules allow. */
  function admitting(data?: () => unknown) {
    const calls: unknown[] = [];
    const methods = Object.fromEntries(
      ["onevent", "packet", "_onclose", "_cleanup", "_error"].map((name) => [name, () => {}]),
    );
    const scope = {};
    const evaluation = {
      result: { decision: { outcome: "allow" }, scope },
      reject: (decision: { error: Error }) => {
        calls.push(decision.error.message);
        return decision;
      },
      abort: () => {},
    };
    const engine = {
      facts: { isKnown: true },
      charge: (size: number) => calls.push(["charge", size]),
      endHandshake: (name: string) => calls.push(["end", name]),
    };
    const gate = { isClosing: true, admit: () => evaluation };
    const socket = { ...methods, data: {}, nsp: { name: "/a" } };
    const options = { context: { gate, options: { data } }, socket, engine, connection: {} };
    const admission = new NamespaceAdmission(options as unknown as AdmissionOptions);
    admission.begin((error) => calls.push(["done", error?.message]));
    return { admission, calls, scope };
  }

  test("to an admitted socket costs nothing, and leaves its handshake open", () => {
    const { admission, calls, scope } = admitting();
    admission.decide(() => {});
    expect([calls, admission.scope === scope]).toEqual([[["done", undefined]], true]);
  });

  test("is a refusal once, which costs the length of its message", () => {
    const { admission, calls } = admitting();
    admission.refuse(new Error("12345"));
    admission.refuse(new Error("again"));
    expect(calls).toEqual([
      ["charge", 5],
      ["end", "/a"],
      ["done", "12345"],
    ]);
  });

  test("is a refusal where `data` returns a promise", () => {
    const { admission, calls } = admitting(async () => ({}));
    admission.decide(() => {});
    expect(calls[0]).toContain("`data` must return an object at once: await in authenticate()");
    expect([calls.length, admission.scope]).toEqual([4, undefined]);
  });
});
