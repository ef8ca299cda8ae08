import { deny, PermissionDenied } from "@portcullis/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDecision } from "../decision/decision.js";
import type { Decision } from "../decision/decision-types.js";
import { FaultLog } from "./fault-log.js";

let print = vi.spyOn(console, "error");
beforeEach(() => {
  vi.useFakeTimers();
  print = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  print.mockRestore();
  vi.useRealTimers();
});

const boom = new Error("boom");
const failed = (by = "isMember", error: unknown = boom): Decision =>
  createDecision("error", "permission_error", { by, error });
const expired = (message = "jwt expired") =>
  createDecision("deny", "not_authenticated", { by: "authenticate", error: new Error(message) });
const printed = () => print.mock.calls.map(([head, shown]) => [head, shown]);

function tell(times: number, told: Decision, where = "send", log = new FaultLog()): FaultLog {
  for (let turn = 0; turn < times; turn++) log.tell(told, where);
  return log;
}

describe("a fault", () => {
  test("is printed once a minute for each rule, then counted", () => {
    const log = tell(42, failed());
    tell(1, failed("isOwner"), "edit", log);
    vi.advanceTimersByTime(59_999);
    tell(1, failed(), "send", log);
    vi.advanceTimersByTime(1);
    tell(2, failed(), "other", log);
    expect(printed()).toEqual([
      ["portcullis: permission_error in isMember (send):", boom],
      ["portcullis: permission_error in isOwner (edit):", boom],
      ["portcullis: permission_error in isMember (other), and 42 more in the last minute:", boom],
    ]);
  });

  test("that is a thrown decision says what to write", () => {
    tell(1, failed("isMember", deny("banned")));
    expect(printed()).toEqual([
      [
        "portcullis: permission_error in isMember (send):",
        'a decision was thrown: return the decision, or throw new PermissionDenied("banned")',
      ],
    ]);
  });

  test("that comes alone in each minute is not counted", () => {
    const log = tell(1, failed());
    vi.advanceTimersByTime(60_000);
    tell(1, failed(), "send", log);
    expect(printed().map(([head]) => head)).toEqual(Array(2).fill("portcullis: permission_error in isMember (send):"));
  });

  test("that comes much later says how long it was", () => {
    vi.advanceTimersByTime(600_000);
    const log = tell(3, failed());
    vi.advanceTimersByTime(3_600_000);
    tell(1, failed(), "send", log);
    expect(printed()[1]?.[0]).toBe(
      "portcullis: permission_error in isMember (send), and 2 more in the last 60 minutes:",
    );
  });

  test("of a handler has the name of its action", () => {
    const log = tell(2, createDecision("error", "handler_error", { by: "handler", error: boom }), "one");
    tell(2, createDecision("error", "handler_error", { by: "handler", error: boom }), "two", log);
    expect(printed().map(([head]) => head)).toEqual([
      "portcullis: handler_error in handler (one):",
      "portcullis: handler_error in handler (two):",
    ]);
  });

  test("without a cause is a timeout", () => {
    tell(1, createDecision("error", "permission_timeout", { by: "slow" }));
    tell(1, createDecision("error", "permission_timeout"));
    expect(printed()).toEqual([
      ["portcullis: permission_timeout in slow (send):", "no answer in time"],
      ["portcullis: permission_timeout (send):", "no answer in time"],
    ]);
  });

  test("is printed again where the clock has gone back", () => {
    vi.advanceTimersByTime(1000);
    const log = tell(1, failed());
    vi.spyOn(performance, "now").mockReturnValueOnce(0);
    tell(1, failed(), "send", log);
    expect(print).toHaveBeenCalledTimes(2);
  });

  test("that cannot be shown throws nothing", () => {
    print.mockImplementationOnce(() => {
      throw new Error("of an inspector");
    });
    tell(1, failed());
    expect(print).toHaveBeenLastCalledWith("portcullis: permission_error in isMember (send):", "an object");
  });
});

describe("a refusal that a handler rethrows", () => {
  const rethrown = (cause: unknown) =>
    new PermissionDenied("permission_error", { status: 500, cause } as ConstructorParameters<
      typeof PermissionDenied
    >[1]);

  test.each([
    ["a fault", failed("isOwner"), 1],
    ["a timeout", createDecision("error", "permission_timeout"), 1],
    ["a denial", createDecision("deny", "not_a_member"), 0],
    ["no decision", boom, 0],
  ])("is printed by its cause: %s", (_, cause, times) => {
    tell(1, createDecision("error", "permission_error", { by: "handler", error: rethrown(cause) }));
    expect(print).toHaveBeenCalledTimes(times);
  });

  test("is printed where its causes form a circle", () => {
    const error = rethrown(undefined);
    const circular = createDecision("error", "permission_error", { by: "handler", error });
    Object.assign(error, { cause: circular });
    tell(1, circular);
    expect(print).toHaveBeenCalledTimes(1);
  });
});

describe("a denial", () => {
  test("of credentials is one line a minute, without a stack", () => {
    const log = tell(42, expired());
    vi.advanceTimersByTime(61_000);
    tell(1, expired("jwt malformed"), "connect", log);
    expect(printed()).toEqual([
      ["portcullis: not_authenticated in authenticate (send):", "jwt expired"],
      ["portcullis: not_authenticated in authenticate (connect), and 41 more in the last minute:", "jwt malformed"],
    ]);
  });

  test("of a client who is banned is one line too", () => {
    tell(1, createDecision("deny", "permission_denied", { by: "authenticate", error: new Error("banned") }));
    expect(printed()).toEqual([["portcullis: permission_denied in authenticate (send):", "banned"]]);
  });

  test("is no fault of the same status", () => {
    for (const status of [401, 403]) tell(1, createDecision("error", "closed", { status, error: boom }));
    expect(print).not.toHaveBeenCalled();
  });

  test("that was meant is not printed", () => {
    tell(1, createDecision("deny", "closed", { error: new PermissionDenied("closed") }));
    tell(1, createDecision("deny", "permission_denied"));
    expect(print).not.toHaveBeenCalled();
  });

  test("of a message is printed when the codec has thrown", () => {
    tell(1, createDecision("deny", "bad_message", { status: 400, by: "codec", error: boom }));
    expect(printed()).toEqual([["portcullis: bad_message in codec (send):", boom]]);
  });

  test.each([
    ["is one line", "a\nb\u001b[31mc\u2028d", "a?b?[31mc?d"],
    ["is no longer than a line", "x".repeat(1_000_000), "x".repeat(200)],
  ])("whose text is a client's %s", (_what, text, shown) => {
    tell(1, expired(text), text);
    expect(printed()).toEqual([[`portcullis: not_authenticated in authenticate (${shown}):`, shown]]);
  });
});

test("the number of printed rules in a minute is capped", () => {
  const log = new FaultLog();
  for (let rule = 0; rule < 1000; rule++) log.tell(failed(`rule ${rule}`), "send");
  expect(print).toHaveBeenCalledTimes(100);
  vi.advanceTimersByTime(60_000);
  for (let rule = 1000; rule < 2000; rule++) log.tell(failed(`rule ${rule}`), "send");
  expect(print).toHaveBeenCalledTimes(200);
});

test("no timer is set", () => {
  tell(42, failed());
  expect(vi.getTimerCount()).toBe(0);
});
