import { afterEach, expect, test, vi } from "vitest";
import { Wire } from "../../test/connection.js";
import { Gate } from "../guard/gate.js";
import { AllowAny, definePolicy, permission } from "../index.js";
import { printLine } from "./print-line.js";

afterEach(() => vi.restoreAllMocks());

/** A console as in test setups that forbid output. */
function forbidOutput(): void {
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation(() => {
      throw new Error("no output");
    });
  }
}

test("a line is printed", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  expect(printLine("warn", "a", 1)).toBe(true);
  expect(warn.mock.calls).toEqual([["a", 1]]);
});

test("a console that throws is no error", () => {
  forbidOutput();
  expect(printLine("error", "a")).toBe(false);
});

test("a refusal is answered where the console throws", async () => {
  const broken = permission("broken", () => {
    throw new Error("down");
  });
  const policy = definePolicy({ actions: { ping: AllowAny, broken } });
  const gate = new Gate("guard()", policy, { hints: true });
  const wire = new Wire();
  const evaluation = gate.admit(wire);
  await evaluation.result;
  const session = evaluation.open();
  forbidOutput();
  for (const action of ["unknown", "broken", "ping"]) session.receive({ action, payload: {}, bytes: 1 });
  expect(wire.sent).toEqual([
    "refuse unknown unknown_action 405",
    "refuse broken permission_error 500",
    "deliver ping",
  ]);
});
