import { describe, expect, test, vi } from "vitest";
import { uncaughtOf } from "../../../../../test/helpers.js";
import { createDecision } from "../../decision/decision.js";
import { ConcurrentHandlers } from "./concurrent-handlers.js";
import type { ClientMessage } from "./connection.js";
import { Transport } from "./transport.js";

const message: ClientMessage = { action: "say", payload: {}, bytes: 1 };
const refusal = createDecision("deny", "permission_denied");
const broken = () => {
  throw new Error("broken");
};

/** A transport over a connection with these methods alone. */
function over(methods: object) {
  const owner = { reportFault: vi.fn(), close: vi.fn() };
  return { owner, transport: new Transport(methods as never, owner) };
}

describe("a transport", () => {
  test("asks nothing of a connection that cannot throttle", () => {
    const { owner, transport } = over({});
    transport.throttle(true);
    expect([owner.reportFault.mock.calls, owner.close.mock.calls]).toEqual([[], []]);
  });

  test("that is held pauses where it throttles, and resumes after", () => {
    const log: unknown[] = [];
    const { transport } = over({
      throttle: (isThrottled: boolean) => void log.push(isThrottled),
      pause: () => void log.push("pause"),
      resume: () => void log.push("resume"),
    });
    transport.held.throttle?.(true);
    transport.held.throttle?.(false);
    expect(log).toEqual([true, "pause", false, "resume"]);
  });

  test("reports the method that has thrown, and ends the session", () => {
    const { owner, transport } = over({ sendRefusal: broken, throttle: broken });
    transport.sendRefusal(message, refusal);
    transport.throttle(false);
    expect(owner.reportFault.mock.calls).toEqual([
      [{ action: "sendRefusal" }, new Error("broken"), "adapter"],
      [{ action: "throttle" }, new Error("broken"), "adapter"],
    ]);
    expect(owner.close).toHaveBeenCalledWith(1011, "internal error");
  });

  test("lets an error of the end surface as uncaught", async () => {
    const { owner, transport } = over({ pause: broken });
    owner.close.mockImplementation(() => {
      throw new Error("of a listener");
    });
    await uncaughtOf(async (thrown) => {
      transport.pause();
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect(thrown).toEqual([new Error("of a listener")]);
    });
  });

  test("calls back once when the flush of a connection throws", () => {
    const { transport } = over({ flush: broken });
    const whenFlushed = vi.fn();
    transport.flush(whenFlushed);
    expect(whenFlushed).toHaveBeenCalledTimes(1);
  });

  test("calls back later when the connection does", () => {
    let flushed = () => {};
    const flush = (callback: () => void) => {
      flushed = callback;
    };
    const { transport } = over({ flush });
    const whenFlushed = vi.fn();
    transport.flush(whenFlushed);
    expect(whenFlushed).not.toHaveBeenCalled();
    flushed();
    flushed();
    expect(whenFlushed).toHaveBeenCalledTimes(1);
  });
});

test("a handler that never ends lets a waiting message go unhandled in time", async () => {
  const handlers = new ConcurrentHandlers(1);
  handlers.run(new Promise(() => {}), () => {});
  expect(await handlers.whenFree(5)).toBe(false);
});
