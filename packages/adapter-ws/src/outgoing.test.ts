import { expect, test, vi } from "vitest";
import { Outgoing } from "./outgoing.js";

/** Each answer counts 300 bytes: its own, and 64 more. */
const ANSWER = "x".repeat(236);

/** The answers over a socket whose writes the test ends. */
function outgoing(limit = 1000, bufferedAmount = 1) {
  const written: (() => void)[] = [];
  const send = vi.fn((_frame: unknown, ...done: (() => void)[]) => void written.push(...done));
  const raw = { readyState: 1, bufferedAmount, send };
  const session = { close: vi.fn(), end: vi.fn() };
  const target = { raw, session, isBroken: false, block: vi.fn(), unblock: vi.fn() };
  const made = new Outgoing(limit, target as never);
  const answer = (times: number) => {
    for (let sent = 0; sent < times; sent += 1) made.send(ANSWER);
  };
  return { made, answer, written, send, session, target };
}

test("an answer over an idle socket needs no callback", () => {
  const { answer, send } = outgoing(1000, 0);
  answer(1);
  expect(send.mock.calls).toEqual([[ANSWER]]);
});

test("an answer behind others has a callback", () => {
  const { answer, send } = outgoing();
  answer(1);
  expect(send.mock.calls).toEqual([[ANSWER, expect.any(Function)]]);
});

test("each written answer frees its own bytes", () => {
  const { made, answer, written } = outgoing();
  answer(3);
  for (const done of written.splice(0, 2)) done();
  answer(2);
  expect(made.isFull).toBe(false);
  answer(1);
  expect(made.isFull).toBe(true);
});

test("an answer that is reported late counts once", () => {
  const { made, answer, written } = outgoing();
  answer(2);
  for (const done of written.splice(0).reverse()) done();
  answer(3);
  expect(made.isFull).toBe(false);
});

test("twice the limit of unread bytes closes the session", () => {
  const { answer, session, target } = outgoing(300);
  answer(2);
  expect([target.block.mock.calls.length, session.close.mock.calls]).toEqual([1, []]);
  answer(1);
  expect(session.close.mock.calls).toEqual([[1013, "answers are not read"]]);
});

test("an answer written to a broken connection ends the session", () => {
  const { answer, written, session, target } = outgoing();
  answer(1);
  target.isBroken = true;
  written[0]?.();
  expect(session.end).toHaveBeenCalledOnce();
});
