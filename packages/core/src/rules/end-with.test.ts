import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CONSUMER } from "../../test/probes.js";
import { endWith, isAborted } from "./end-with.js";
import { RuleContext } from "./rule-context.js";

const make = () => new RuleContext({}, CONSUMER, "act", {});
const operation = () => ({ abort: vi.fn() });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("an operation of a rule", () => {
  it("ends with its question, without a signal", () => {
    const made = vi.fn();
    const one = operation();
    const question = make();
    vi.stubGlobal("AbortController", made);
    endWith(question, one)();
    endWith(question, one);
    expect([made.mock.calls.length, isAborted(question), one.abort.mock.calls.length]).toEqual([0, false, 0]);
    vi.unstubAllGlobals();
    question.abort("too late");
    question.abort("again");
    expect([isAborted(question), one.abort.mock.calls]).toEqual([true, [["too late"]]]);
  });

  it("ends at once with a question that is aborted", () => {
    const question = make();
    question.abort("gone");
    const one = operation();
    endWith(question, one)();
    expect([isAborted(question), one.abort.mock.calls.length]).toEqual([true, 1]);
  });

  it("ends beside others of the same question", () => {
    const question = make();
    const [first, second, third] = [operation(), operation(), operation()];
    endWith(question, first);
    endWith(question, second);
    endWith(question, third)();
    question.abort("gone");
    const calls = [first, second, third].map((one) => one.abort.mock.calls.length);
    expect(calls).toEqual([1, 1, 0]);
  });

  it("is not ended after it was removed", () => {
    const question = make();
    const one = operation();
    endWith(question, one)();
    question.abort("gone");
    expect(one.abort).not.toHaveBeenCalled();
  });

  it("ends with the signal of other facts", () => {
    const controller = new AbortController();
    const one = operation();
    const stop = endWith(controller, one);
    expect([isAborted(controller), isAborted({})]).toEqual([false, false]);
    controller.abort("gone");
    expect([isAborted(controller), one.abort.mock.calls]).toEqual([true, [["gone"]]]);
    stop();
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    const late = operation();
    endWith(controller, late);
    endWith({}, operation())();
    expect(late.abort).toHaveBeenCalledTimes(1);
  });
});
