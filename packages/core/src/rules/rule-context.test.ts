import { afterEach, describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { RuleContext } from "./rule-context.js";

const make = () => new RuleContext({}, CONSUMER, "act", {});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("signal", () => {
  it("is made on first read, and stays the same", () => {
    const made = vi.fn();
    class Counted extends AbortController {
      constructor() {
        super();
        made();
      }
    }
    vi.stubGlobal("AbortController", Counted);
    const question = make();
    const { scope, consumer, action, payload } = question;
    expect([scope, consumer, action, payload]).toEqual([{}, CONSUMER, "act", {}]);
    expect(made).not.toHaveBeenCalled();
    expect(question.signal).toBe(question.signal);
    expect(made).toHaveBeenCalledTimes(1);
    expect(question.signal.aborted).toBe(false);
  });

  it("is aborted with the reason", () => {
    const question = make();
    const { signal } = question;
    question.abort("too late");
    expect([signal.aborted, signal.reason]).toEqual([true, "too late"]);
  });

  it.each(["gone", undefined])("that is first read after the end is aborted already (reason %j)", (reason) => {
    const question = make();
    question.abort(reason);
    expect(question.signal.aborted).toBe(true);
    if (reason) expect(question.signal.reason).toBe(reason);
  });
});
