import { expect, test } from "vitest";
import { uncaughtOf } from "../../test/support.js";
import { EventOrder } from "./event-order.js";

function ordered() {
  const calls: string[] = [];
  const cork = { cork: () => calls.push("cork"), uncork: () => calls.push("uncork") };
  return { order: new EventOrder(cork as never), calls };
}

const tick = () => new Promise((resolve) => process.nextTick(resolve));

test("an event that arrives alone is not corked", async () => {
  const { order, calls } = ordered();
  order.arrive();
  order.flush(() => calls.push("flushed"));
  expect(calls).toEqual([]);
  await tick();
  order.arrive();
  expect(calls).toEqual(["flushed"]);
});

test("events that arrive during a delivery are corked once", async () => {
  const { order, calls } = ordered();
  order.flush(() => calls.push("flushed"));
  order.arrive();
  order.arrive();
  await tick();
  expect(calls).toEqual(["cork", "flushed", "uncork"]);
});

test("the cork lasts until the last delivery of a read", async () => {
  const { order, calls } = ordered();
  order.flush(() => {
    calls.push("first");
    order.flush(() => calls.push("last"));
  });
  order.arrive();
  await tick();
  expect(calls).toEqual(["cork", "first", "last", "uncork"]);
});

test("a later read is corked again", async () => {
  const { order, calls } = ordered();
  for (const _read of [1, 2]) {
    order.flush(() => {});
    order.arrive();
    await tick();
  }
  expect(calls).toEqual(["cork", "uncork", "cork", "uncork"]);
});

test("a listener that throws leaves no cork", async () => {
  await uncaughtOf(async (thrown) => {
    const { order, calls } = ordered();
    const error = new Error("of a listener");
    order.flush(() => {
      throw error;
    });
    order.arrive();
    await new Promise((resolve) => setImmediate(resolve));
    expect([calls, thrown]).toEqual([["cork", "uncork"], [error]]);
  });
});
