import { describe, expect, test, vi } from "vitest";
import { whenSettled } from "./thenable.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A promise that is none, and says otherwise. */
const liar = Object.create(Promise.prototype);

class Own<T> extends Promise<T> {}

/** A promise whose `then` gives another answer. */
class Answering<T> extends Promise<T> {
  // biome-ignore lint/suspicious/noThenProperty: it is a promise of its own
  override then(onFulfilled?: ((value: never) => never) | null): Promise<never> {
    return super.then(() => onFulfilled?.("own" as never)) as Promise<never>;
  }
}

const outcomes: [string, () => PromiseLike<unknown>, unknown[]][] = [
  ["a promise", () => Promise.resolve(1), ["answer", 1]],
  ["a rejected promise", () => Promise.reject(new Error("no")), ["error", new Error("no")]],
  ["a promise with a `then` of its own", () => Answering.resolve(1), ["answer", "own"]],
  ["a promise of another class", () => Own.resolve(1), ["answer", 1]],
  ["a promise in a proxy", () => new Proxy(Promise.resolve(1), {}), ["error", expect.any(TypeError)]],
  // biome-ignore lint/suspicious/noThenProperty: it is a thenable on purpose
  ["a thenable", () => ({ then: (ok: (value: number) => void) => void ok(1) }) as never, ["answer", 1]],
  [
    "a thenable that throws",
    () => ({
      // biome-ignore lint/suspicious/noThenProperty: it is a thenable on purpose
      then() {
        throw new Error("no");
      },
    }),
    ["error", new Error("no")],
  ],
  [
    "a thenable that calls twice",
    () =>
      ({
        // biome-ignore lint/suspicious/noThenProperty: it is a thenable on purpose
        then(ok: (value: number) => void, broken: (error: Error) => void) {
          ok(1);
          ok(2);
          broken(new Error("no"));
        },
      }) as never,
    ["answer", 1],
  ],
  ["an object with the prototype of promises", () => liar, ["error", expect.any(TypeError)]],
  [
    "a promise whose class cannot be read",
    () =>
      Object.defineProperty(Promise.resolve(1), "constructor", {
        get() {
          throw new Error("no class");
        },
      }),
    ["error", new Error("no class")],
  ],
];

describe("whenSettled()", () => {
  test.each(outcomes)("calls back once for %s", async (_what, make, expected) => {
    const heard = vi.fn();
    whenSettled(
      make(),
      (answer) => heard("answer", answer),
      (error) => heard("error", error),
    );
    expect(heard).not.toHaveBeenCalled();
    await turn();
    expect(heard.mock.calls).toEqual([expected]);
  });

  test("calls back for a promise before later callbacks", async () => {
    const order: string[] = [];
    whenSettled(
      Promise.resolve(),
      () => order.push("answer"),
      (error) => order.push(String(error)),
    );
    void Promise.resolve().then(() => order.push("later"));
    await turn();
    expect(order).toEqual(["answer", "later"]);
  });

  test.each(outcomes)("answers as await does for %s", async (_what, make, expected) => {
    const answer = await (async () => ["answer", await make()])().catch((error) => ["error", error]);
    expect(answer).toEqual(expected);
  });
});
