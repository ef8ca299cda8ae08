import { expect, test } from "vitest";
import type { BareResponse, BareTransport } from "../socketio-internals.js";
import { PollPause } from "./poll-pause.js";

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
