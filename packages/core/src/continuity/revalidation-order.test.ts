import { AllowAny, definePolicy } from "@portcullis/core";
import { expect, test, vi } from "vitest";
import { useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

useFakeTime();

/** A server that authenticates one client after the other. Each takes ten milliseconds once `isSlow`. */
function server() {
  const revocations = memoryRevocations();
  const state = { isSlow: false, order: [] as string[] };
  const made = lasting(
    definePolicy({ actions: { say: AllowAny } }),
    async (client) => {
      if (!state.isSlow) return { client };
      state.order.push(client);
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { client };
    },
    {
      identify: ({ client }: { client: string }) => ({ subjects: [client, "all"] }),
      revalidate: { concurrency: 1 },
      revocations,
    },
  );
  return { ...made, revocations, state };
}

test.each([
  ["goes first with a message that waits", true, ["a", "a", "a", "b", "c"]],
  ["joins behind the others without a message", false, ["a", "a", "b", "c", "a"]],
])("a connection that is asked again %s", async (_what, hasMessage, expected) => {
  const { open, revocations, state } = server();
  const [first] = [await open("a"), await open("b"), await open("c")];
  state.isSlow = true;
  await revocations.refresh("all");
  if (hasMessage) first.send("say");
  // The attempt under way is repeated at once, and then settles nothing.
  await revocations.refresh("a");
  await vi.advanceTimersByTimeAsync(100);
  expect([state.order, first.wire.sent]).toEqual([expected, hasMessage ? ["deliver say"] : []]);
});
