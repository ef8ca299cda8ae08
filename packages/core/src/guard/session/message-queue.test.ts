import fc from "fast-check";
import { expect, test } from "vitest";
import { readLimits } from "../limits.js";
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
