import { permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect, test, vi } from "vitest";
import { connect, settled, sleep } from "../../test/connection.js";

test("reauthorize() asks no rule while nothing has changed", async () => {
  let asked = 0;
  const rule = permission("counted", () => {
    asked += 1;
    return true;
  });
  const consumer = defineConsumer().action("do", rule, async ({ reauthorize }) => {
    await reauthorize();
    return "done";
  });
  const { send, wire } = connect(consumer);
  send("do");
  await settled();
  expect([asked, wire.sent]).toEqual([1, ['reply do "done"']]);
});

test("a forgotten reauthorize() is told with its name", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const rule = permission("yes", () => true);
  const { send } = connect(
    defineConsumer().action("do", rule, ({ reauthorize }) => void (reauthorize as (action: string) => unknown)("do")),
  );
  send("do");
  await sleep(5);
  const printed = error.mock.calls.flat();
  error.mockRestore();
  // Each verb is told once in a process, and another test may have been the first.
  const told = "portcullis: reauthorize() has refused, and nothing awaited it: write `await` before it";
  expect([[told], []]).toContainEqual(printed);
});
