import { deny, fault } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import { describe, expect, test } from "vitest";
import type { EngineConnection } from "../engine/engine-connection.js";
import type { BareSocket } from "../socketio-internals.js";
import type { Message } from "./event.js";
import { readEvent } from "./event.js";
import { EventAnswers } from "./event-answers.js";
import type { GuardContext } from "./guard-context.js";
import { denied } from "./refusal.js";

const NO = deny("no");
const ERROR = { code: "no", status: 403, reason: expect.any(String), retry: "never" };

/** The answers to the events of one socket, and all that was sent, hinted and reported. */
function answering(options: { denied?: unknown; payload?: unknown; fails?: number } = {}) {
  const calls: unknown[] = [];
  const socket = {} as BareSocket;
  const gate = { hintOnce: (hint: string) => calls.push(["hint", hint]) };
  let fails = options.fails ?? 0;
  const send = (to: unknown, packet: object) => {
    if (fails-- > 0) throw new Error(`send ${fails}`);
    calls.push(to === socket ? packet : "another socket");
  };
  const session = {
    reportFault: (_message: Message, error: Error, by: string) => calls.push(["fault", error.message, by]),
    close: () => calls.push("close"),
  } as unknown as Session<Message>;
  const context = { options: { denied, ...options }, gate } as unknown as GuardContext;
  const answers = new EventAnswers(context, socket, { send } as unknown as EngineConnection);
  const message = (args: unknown[], id?: number) =>
    readEvent({ type: 2, data: ["say", ...args], ...(id === undefined ? {} : { id }) }, {} as never);
  return { answers, calls, session, message };
}

describe("the refusal of an event", () => {
  test("is the acknowledgement of a client that waits", () => {
    const { answers, calls, session, message } = answering();
    const awaited = message([{}], 7);
    answers.refuse(awaited, NO, session);
    expect(calls).toEqual([{ type: 3, id: 7, data: [{ ok: false, error: ERROR }] }]);
    expect([awaited.isAcknowledged, awaited.isAwaited]).toEqual([true, false]);
  });

  test("is an event with its action for others", () => {
    const { answers, calls, session, message } = answering();
    const unawaited = message([{}]);
    answers.refuse(unawaited, NO, session);
    const body = { ok: false, action: "say", error: ERROR };
    expect([calls, unawaited.isAcknowledged]).toEqual([[{ type: 2, data: ["permission_denied", body] }], false]);
  });

  test("is what `denied` makes of it", () => {
    const asked: unknown[] = [];
    const make = (...question: unknown[]) => {
      asked.push(question);
      return { made: asked.length };
    };
    const { answers, calls, session, message } = answering({ denied: make });
    answers.refuse(message([{}], 1), NO, session);
    answers.refuse(message([{}]), NO, session);
    expect(asked).toEqual([
      [ERROR, { action: "say", isAcknowledgement: true }],
      [ERROR, { action: "say", isAcknowledgement: false }],
    ]);
    expect(calls).toEqual([
      { type: 3, id: 1, data: [{ made: 1 }] },
      { type: 2, data: ["permission_denied", { made: 2 }] },
    ]);
  });

  test.each([
    ["a promise", () => Promise.reject(new Error("late"))],
    // biome-ignore lint/suspicious/noThenProperty: such an object would be awaited
    ["an object with `then`", () => ({ then: () => {} })],
    ["a text", () => "no"],
  ])("is the default where `denied` returns %s", (_what, make) => {
    const { answers, calls, session, message } = answering({ denied: make });
    answers.refuse(message([{}], 1), NO, session);
    expect(calls).toEqual([
      ["fault", expect.stringContaining("`denied()` must return a plain object, and at once"), "denied"],
      { type: 3, id: 1, data: [{ ok: false, error: ERROR }] },
    ]);
  });

  test("may have `then` as a key of other data", () => {
    // biome-ignore lint/suspicious/noThenProperty: this is data
    const { answers, calls, session, message } = answering({ denied: () => ({ then: 1 }) });
    answers.refuse(message([{}]), NO, session);
    // biome-ignore lint/suspicious/noThenProperty: this is data
    expect(calls).toEqual([{ type: 2, data: ["permission_denied", { then: 1 }] }]);
  });

  test("is a default event where `denied` fails for one", () => {
    const { answers, calls, session, message } = answering({ denied: () => "no" });
    answers.refuse(message([{}]), NO, session);
    const body = { ok: false, action: "say", error: ERROR };
    expect(calls.slice(1)).toEqual([{ type: 2, data: ["permission_denied", body] }]);
  });

  test("that cannot be sent at all closes the session", () => {
    const { answers, calls, session, message } = answering({ fails: 2 });
    const awaited = message([{}], 1);
    answers.refuse(awaited, NO, session);
    expect(calls).toEqual([["fault", "send 1", "denied"], ["fault", "send 0", "guard"], "close"]);
    expect(awaited.isAcknowledged).toBe(false);
  });
});

describe("the hint at positional arguments", () => {
  const hinted = (decision: ReturnType<typeof deny>, args: unknown[], options = {}) => {
    const { answers, calls, session, message } = answering(options);
    answers.refuse(message(args), decision, session);
    return calls.filter((call) => Array.isArray(call));
  };
  const HINT = [["hint", expect.stringContaining("read `payload.args[0]`")]];

  test.each([
    ["a denial", NO],
    ["a fault", fault("broken") as never],
  ])("is given at %s of a rule", (_which, decision) => {
    expect(hinted(decision, ["lobby"])).toEqual(HINT);
  });

  test.each([
    ["an object", NO, [{}], {}],
    ["no arguments", NO, [], {}],
    ["the option `payload`", NO, ["lobby"], { payload: () => ({}) }],
    ["a bad message", deny("bad", { status: 400 }), ["lobby"], {}],
  ])("is not given at %s", (_which, decision, args, options) => {
    expect(hinted(decision, args, options)).toEqual([]);
  });
});

describe("the answer of a handler", () => {
  test("is the acknowledgement, and later ones are events", () => {
    const { answers, calls, message } = answering();
    const awaited = message([{}], 7);
    answers.reply(awaited, 1, {});
    answers.reply(awaited, 2, {});
    answers.reply(awaited, 3, { action: "more" });
    expect(calls).toEqual([
      { type: 3, id: 7, data: [1] },
      { type: 2, data: ["say", 2] },
      { type: 2, data: ["more", 3] },
    ]);
  });

  test("is the acknowledgement also with another name", () => {
    const { answers, calls, message } = answering();
    answers.reply(message([{}], 0), 1, { action: "more" });
    expect(calls).toEqual([{ type: 3, id: 0, data: [1] }]);
  });

  test("is an event with another name where nobody waits", () => {
    const { answers, calls, message } = answering();
    answers.reply(message([{}]), 1, {});
    answers.reply(message([{}]), 2, { action: "more" });
    expect(calls).toEqual([{ type: 2, data: ["more", 2] }]);
  });
});

test("a notification is an event of its own", () => {
  const { answers, calls } = answering();
  answers.notify("auth.expired", { a: 1 });
  expect(calls).toEqual([{ type: 2, data: ["auth.expired", { a: 1 }] }]);
});
