import { expect, test } from "vitest";
import type { BareResponse, BareTransport } from "../socketio-internals.js";
import { PollPause } from "./poll-pause.js";

test("a transport that receives no data is left alone", () => {
  const transport = { name: "polling" };
  const pause = new PollPause(transport as BareTransport);
  pause.pause();
  pause.resume();
  expect("onData" in transport).toBe(false);
});

test.each([
  ["without a response", undefined],
  ["whose response cannot be ended", {}],
])("a POST %s is received during a pause", (_which, dataRes) => {
  const received: unknown[] = [];
  const transport = { name: "polling", dataRes, onData: (data: unknown) => void received.push(data) };
  const pause = new PollPause(transport as unknown as BareTransport);
  pause.pause();
  transport.onData("a");
  pause.resume();
  expect([received, Object.hasOwn(dataRes ?? {}, "end")]).toEqual([["a"], false]);
});

test("every POST is answered once, also where a client does not wait", () => {
  const answered: number[] = [];
  const transport: { -readonly [K in keyof BareTransport]?: BareTransport[K] } = { name: "polling", onData: () => {} };
  const pause = new PollPause(transport as BareTransport);
  const post = (n: number) => {
    const response: BareResponse = { end: () => answered.push(n) };
    transport.dataRes = response;
    transport.onData?.("");
    response.end?.("ok");
  };
  post(0);
  pause.pause();
  for (const n of [1, 2, 3]) post(n);
  expect(answered).toEqual([0, 1, 2]);
  pause.resume();
  pause.resume();
  post(4);
  expect(answered).toEqual([0, 1, 2, 3, 4]);
});
