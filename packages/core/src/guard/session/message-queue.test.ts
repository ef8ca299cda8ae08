import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { readLimits } from "../limits.js";
import { TOO_MANY_PENDING } from "../refusal.js";
import type { ClientMessage } from "./connection.js";
import { MessageQueue } from "./message-queue.js";

const message = (n: number, bytes = 1): ClientMessage => ({ action: String(n), payload: {}, bytes });

test("messages leave in the order of arrival", () => {
  const steps = fc.array(fc.record({ added: fc.nat(400), taken: fc.nat(400) }), { maxLength: 12 });
  fc.assert(
    fc.property(steps, (given) => {
      const backlog = new MessageQueue(readLimits({ pendingBytes: 2 ** 40 }), {});
      const waiting: string[] = [];
      let n = 0;
      for (const { added, taken } of given) {
        for (let count = 0; count < added; count++) {
          expect(backlog.add(message(++n))).toBeUndefined();
          waiting.push(String(n));
        }
        for (let count = 0; count < taken; count++) expect(backlog.take()?.action).toBe(waiting.shift());
        expect(backlog.isEmpty).toBe(waiting.length === 0);
      }
    }),
  );
});

test("queued messages and bytes never exceed the limits", () => {
  const limits = readLimits({ pendingMessages: 6, pendingBytes: 4000 });
  const step = fc.oneof(fc.nat(3000), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (given) => {
      const backlog = new MessageQueue<ClientMessage>(limits, {});
      const waiting: number[] = [];
      for (const bytes of given) {
        if (bytes === undefined) expect(backlog.take()?.bytes).toBe(waiting.shift());
        else if (backlog.add(message(0, bytes)) === undefined) waiting.push(bytes);
        const total = waiting.reduce((sum, one) => sum + Math.min(one + 512, 2000), 0);
        expect(waiting.length).toBeLessThanOrEqual(6);
        expect(total).toBeLessThanOrEqual(4000);
        expect(backlog.isHalfFull).toBe(waiting.length >= 3 || total >= 2000);
      }
    }),
  );
});

test("twice the bytes of the limit are a flood", () => {
  const queue = new MessageQueue(readLimits({ pendingBytes: 4000 }), {});
  const added = [1, 2, 3, 4].map((n) => queue.add(message(n, 2000)));
  expect(added).toEqual([undefined, undefined, TOO_MANY_PENDING, "flood"]);
});

/** A queue for this number of messages, and what it tells its connection. */
function throttling(pendingMessages: number) {
  const throttle = vi.fn();
  const queue = new MessageQueue(readLimits({ pendingMessages }), { throttle });
  return { queue, throttle };
}

test("messages that wait for a flush throttle nobody", () => {
  const { queue, throttle } = throttling(4);
  expect(queue.hasUncounted).toBe(false);
  for (let n = 0; n < 8; n++) queue.append(message(n));
  expect(queue.hasUncounted).toBe(true);
  for (let n = 0; n < 8; n++) queue.take();
  expect(queue.hasUncounted).toBe(false);
  expect(throttle).not.toHaveBeenCalled();
});

test("messages that are counted later keep the connection throttled", () => {
  const { queue, throttle } = throttling(8);
  for (let n = 0; n < 4; n++) queue.add(message(n));
  for (let n = 4; n < 8; n++) queue.append(message(n));
  for (let n = 0; n < 3; n++) queue.take();
  for (const one of queue.takeUncounted()) queue.add(one);
  expect(throttle.mock.calls).toEqual([[true]]);
});
