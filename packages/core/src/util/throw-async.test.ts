import { format } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { printError } from "./print-error.js";

afterEach(() => void vi.restoreAllMocks());

test("an unprintable value is described in words", () => {
  const lines: string[] = [];
  vi.spyOn(console, "error").mockImplementation((...given) => void lines.push(format(...given)));
  const error = Object.defineProperty({}, Symbol.for("nodejs.util.inspect.custom"), {
    value: () => {
      throw new Error("no");
    },
  });
  printError("broken:", error);
  printError("broken:", 5);
  expect(lines).toEqual(["portcullis: broken: an object", "portcullis: broken: 5"]);
});
