import { format } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ErrorPrinter } from "./error-printer.js";

const lines: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation((...given) => void lines.push(format(...given)));
});
afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("an unprintable value is described in words", () => {
  const printer = new ErrorPrinter();
  const error = Object.defineProperty({}, Symbol.for("nodejs.util.inspect.custom"), {
    value: () => {
      throw new Error("no");
    },
  });
  printer.print("broken", error);
  printer.print("odd", 5);
  expect(lines).toEqual(["portcullis: broken: an object", "portcullis: odd: 5"]);
});

test("the text of a client cannot look like other lines", () => {
  vi.mocked(console.error).mockRestore();
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const printer = new ErrorPrinter();
  printer.print("broken", new Error("a\u001b[31mb\nportcullis: forged"));
  const plain = new Error("plain");
  printer.print("other", plain);
  printer.print("bare", Object.assign(new Error("x"), { message: "a\r", stack: "" }));
  printer.print("cause", new Error("outer", { cause: new SyntaxError("$& bad\n$`token") }));
  printer.print("text", "a\u001bb");
  const [[, forged], ...others] = printed.mock.calls as unknown as [[string, unknown], ...[string, unknown][]];
  expect(String(forged).split("\n    at")[0]).toBe("Error: a?[31mb\n    portcullis: forged");
  const [one, bare, caused, text] = others.map(([, error]) => error);
  expect([one, bare, text]).toEqual([plain, "a?", "a?b"]);
  expect(String(caused)).toMatch(/^Error: outer\n[\s\S]+\n {2}caused by: SyntaxError: \$& bad\n {4}\$`token\n {4}at /);
});

test("five errors of a chain of causes are printed", () => {
  const chain = Array.from({ length: 7 }, (_, at) => Object.assign(new Error(`error ${at}\r`), { stack: undefined }));
  for (const [at, error] of chain.entries()) error.cause = chain[at + 1];
  new ErrorPrinter().print("broken", chain[0]);
  expect(lines).toEqual([`portcullis: broken: ${[0, 1, 2, 3, 4].map((at) => `error ${at}?`).join("\n  caused by: ")}`]);
});

test("a cause without a message is described in words", () => {
  new ErrorPrinter().print("broken", Object.assign(new Error("a\r", { cause: {} }), { stack: undefined }));
  expect(lines).toEqual(["portcullis: broken: a?\n  caused by: an object"]);
});

test("a chain of causes that has no end is printed", () => {
  const error = new Error("plain");
  error.cause = error;
  new ErrorPrinter().print("broken", error);
  expect(lines).toHaveLength(1);
});

test("a key has one line a minute, with a count", () => {
  const printer = new ErrorPrinter();
  for (let time = 0; time < 42; time++) printer.print(`broken ${time}`, time, "broken");
  printer.print("other", "x");
  vi.advanceTimersByTime(59_999);
  printer.print("late", 1, "broken");
  vi.advanceTimersByTime(1);
  printer.print("again", 2, "broken");
  expect(lines).toEqual([
    "portcullis: broken 0: 0",
    "portcullis: other: x",
    "portcullis: again, and 42 more in the last minute: 2",
  ]);
});

test("the number of keys in a minute is capped", () => {
  const printer = new ErrorPrinter();
  for (let key = 0; key < 1000; key++) printer.print(`key ${key}`, "x");
  expect(lines).toHaveLength(100);
  vi.advanceTimersByTime(60_000);
  for (let key = 0; key < 1000; key++) printer.print(`key ${key}`, "x");
  expect(lines).toHaveLength(200);
});

test("two printers have limits of their own", () => {
  for (const printer of [new ErrorPrinter(), new ErrorPrinter()]) printer.print("broken", 1);
  expect(lines).toEqual(["portcullis: broken: 1", "portcullis: broken: 1"]);
});
