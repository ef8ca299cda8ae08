import { AllowAny, type DecisionEvent, DenyAll, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deferred, settled } from "../../test/connection.js";
import { connectFrames } from "../../test/frame-connection.js";
import { json } from "../codecs/json.js";
import { jsonRpc } from "../codecs/json-rpc.js";
import { readLimits } from "../guard/limits.js";
import { mostRequests } from "../guard/session/message-queue.js";

const later = (answer: boolean) => permission("later", async () => answer);
const actions = {
  yes: AllowAny,
  no: DenyAll,
  soon: later(true),
  never: later(false),
  broken: permission("broken", () => {
    throw new Error("broken");
  }),
};
const policy = definePolicy({ actions });
/** The code of each action, when it is judged alone; `undefined` for one that is allowed. */
const CODES: Record<string, string | undefined> = {
  yes: undefined,
  soon: undefined,
  no: "permission_denied",
  never: "permission_denied",
  broken: "permission_error",
  nowhere: "unknown_action",
};

type Member = { jsonrpc: string; method: unknown; id?: number };
type Answer = { id: number | null; result?: unknown; error?: { data: { code: string } } };

/** Frames with requests that have different ids, or none. A frame is a batch, or one request. */
const anyFrames = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.array(fc.tuple(fc.constantFrom(...Object.keys(CODES)), fc.boolean()), { minLength: 1 }),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...Object.keys(CODES)), fc.boolean()) },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((frames) => {
    let id = 0;
    const request = ([method, hasId]: [string, boolean]): Member => {
      id += 1;
      return { jsonrpc: "2.0", method, ...(hasId && { id }) };
    };
    return frames.map((frame) =>
      Array.isArray(frame[0]) ? (frame as [string, boolean][]).map(request) : request(frame as never),
    );
  });

const membersOf = (frame: Member | Member[]) => [frame].flat() as Member[];
const codeOf = ({ method }: Member) => CODES[String(method)];
const quiet = { onDecision() {} };

describe("a guard", () => {
  test("delivers a frame when all its requests are allowed, and else answers each once", async () => {
    await fc.assert(
      fc.asyncProperty(anyFrames, async (frames) => {
        const { receive, wire } = connectFrames(policy, { codec: jsonRpc(), ...quiet });
        for (const frame of frames) receive(frame);
        for (let turns = 0; turns < 3; turns++) await settled();
        const areAllowed = (frame: Member | Member[]) => membersOf(frame).every((one) => codeOf(one) === undefined);
        expect(wire.handedOn.map((frame) => JSON.parse(String(frame)))).toEqual(frames.filter(areAllowed));
        const expected = frames
          .filter((frame) => !areAllowed(frame))
          .map((frame) => {
            const answers = membersOf(frame)
              .filter(({ id }) => id !== undefined)
              .map((one) => [one.id, codeOf(one) ?? "batch_refused"]);
            return Array.isArray(frame) ? answers : answers[0];
          })
          .filter((answers) => answers !== undefined && answers.length > 0);
        const told = ({ id, error }: Answer) => [id, error?.data.code];
        const found = (wire.answers as (Answer | Answer[])[]).map((one) =>
          Array.isArray(one) ? one.map(told) : told(one),
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test("reports the refusal of an allowed request", () => {
    const events: DecisionEvent[] = [];
    const { receive } = connectFrames(policy, { codec: jsonRpc(), onDecision: (event) => void events.push(event) });
    receive([
      { jsonrpc: "2.0", method: "yes", id: 1 },
      { jsonrpc: "2.0", method: "no", id: 2 },
    ]);
    expect(events.map(({ action, decision }) => [action, decision.code])).toEqual([
      ["yes", "allowed"],
      ["no", "permission_denied"],
      ["yes", "batch_refused"],
    ]);
  });

  test("answers each request by a frame when the codec joins none", () => {
    const { decode } = jsonRpc();
    const { denied } = json();
    const codec = { decode, denied: (request: object, refusal: never) => denied(request as never, refusal) };
    const { receive, wire } = connectFrames(policy, { codec, ...quiet });
    receive([
      { jsonrpc: "2.0", method: "yes", id: 1 },
      { jsonrpc: "2.0", method: "no", id: 2 },
    ]);
    expect(wire.answers).toMatchObject([
      { id: 1, error: { code: "batch_refused", status: 424, retry: "never" } },
      { id: 2, error: { code: "permission_denied" } },
    ]);
  });
});

describe("a served consumer", () => {
  test("handles the allowed requests in order, and answers those of a frame together", async () => {
    await fc.assert(
      fc.asyncProperty(anyFrames, async (frames) => {
        const handled: unknown[] = [];
        let consumer = defineConsumer();
        for (const [name, rule] of Object.entries(actions)) {
          const handler = async ({ action }: { action: string }) => handled.push(action);
          consumer = consumer.action(name, rule, handler) as never;
        }
        const { receive, wire } = connectFrames(consumer, { codec: jsonRpc(), ...quiet });
        for (const frame of frames) receive(frame);
        for (let turns = 0; turns < 3; turns++) await settled();
        const all = frames.flatMap(membersOf);
        expect(handled).toEqual(all.filter((one) => codeOf(one) === undefined).map(({ method }) => method));
        const expected = frames
          .flatMap((frame) => {
            const answers = membersOf(frame).filter(({ id }) => id !== undefined);
            return (Array.isArray(frame) ? [answers] : answers).map((one) =>
              [one].flat().map((of) => [of.id, codeOf(of)]),
            );
          })
          .filter(({ length }) => length > 0);
        const found = (wire.answers as (Answer | Answer[])[]).map((one) =>
          [one].flat().map(({ id, error }) => [id, error?.data.code]),
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test("waits for concurrent handlers, and answers in the order of the requests", async () => {
    const running: ReturnType<typeof deferred<number>>[] = [];
    const consumer = defineConsumer().action("long", AllowAny, { concurrent: true }, () => {
      const one = deferred<number>();
      running.push(one);
      return one.promise;
    });
    const { receive, wire } = connectFrames(consumer, { codec: jsonRpc() });
    receive([1, 2, 3].map((id) => ({ jsonrpc: "2.0", method: "long", id })));
    for (const at of [2, 0]) running[at]?.resolve(at);
    await settled();
    expect(wire.frames).toEqual([]);
    running[1]?.resolve(1);
    await settled();
    expect(wire.answers).toMatchObject([[0, 1, 2].map((at) => ({ id: at + 1, result: at }))]);
  });
});

describe("the limits of a connection", () => {
  const batch = (count: number, method = "yes") =>
    Array.from({ length: count }, (_, id) => ({ jsonrpc: "2.0", method, id }));

  test.each([
    [{}, 512],
    [{ pendingBytes: 10_240 }, 5],
    [{ pendingMessages: 9 }, 4],
    [{ pendingMessages: 1 }, 1],
  ])("%j allow so many requests in one frame: %i", (limits, most) => {
    const { receive, wire } = connectFrames(policy, { codec: jsonRpc(), limits, ...quiet });
    receive(batch(most));
    receive(batch(most + 1));
    expect(wire.handedOn).toHaveLength(1);
    const reason = `The frame holds more than ${most} requests.`;
    expect(wire.answers).toMatchObject([{ id: null, error: { code: -32600, data: { code: "bad_message", reason } } }]);
  });

  test("have room for two frames of any size", async () => {
    const limits = fc.record({
      pendingBytes: fc.integer({ min: 1, max: 9000 }),
      pendingMessages: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.nat(9000), async (limits, size) => {
        const held = deferred<boolean>();
        const rules = definePolicy({ permissions: permission("held", () => held.promise) });
        const { receive, wire } = connectFrames(rules, { codec: jsonRpc(), limits, ...quiet });
        const frame = batch(mostRequests({ ...readLimits(), ...limits }), "x".repeat(size));
        receive(frame);
        receive(frame);
        held.resolve(true);
        for (let turns = 0; turns < 3; turns++) await settled();
        expect([wire.refused, wire.handedOn.length]).toEqual([[], 2]);
      }),
      { numRuns: 60 },
    );
  });

  test("refuse a frame as a whole when a part of it finds no room", async () => {
    const held = deferred<boolean>();
    const rules = definePolicy({ permissions: permission("held", () => held.promise) });
    const { receive, wire } = connectFrames(rules, { codec: jsonRpc(), limits: { pendingMessages: 8 }, ...quiet });
    for (let frames = 0; frames < 3; frames++) receive(batch(4));
    expect(wire.frames).toEqual([]);
    held.resolve(true);
    for (let turns = 0; turns < 3; turns++) await settled();
    expect(wire.handedOn).toHaveLength(2);
    const codes = (wire.answers as Answer[][]).map((answers) => answers.map(({ error }) => error?.data.code));
    expect(codes).toEqual([["batch_refused", "too_many_pending", "too_many_pending", "too_many_pending"]]);
  });

  test("count each member that is no request", () => {
    const { receive, wire } = connectFrames(policy, { codec: jsonRpc(), limits: { undecodable: 3 }, ...quiet });
    receive([1, 2, 3]);
    expect(wire.answers).toMatchObject([[1, 2, 3].map(() => ({ id: null, error: { code: -32600 } }))]);
    receive([4]);
    expect(wire.log.at(-1)).toBe("close 1008 too many undecodable messages");
    expect(wire.frames).toHaveLength(1);
  });
});
