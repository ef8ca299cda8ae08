import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec, Frame, FrameContext } from "../codecs/codec.js";
import { json } from "../codecs/json.js";
import { PermissionMisuse } from "../decision/errors.js";
import { MISSING_ACTION } from "../guard/refusal.js";
import { decodeFrame, type FrameRequest } from "./decode-frame.js";

const CONTEXT = { scope: { path: "/a" }, session: {} } as FrameContext;

/** A connection whose frames may hold so many requests. */
const sourceOf = (mostRequests: number) => ({ ...CONTEXT, mostRequests });

const decodedBy = (decode: (frame: Frame, context: FrameContext) => unknown, frame: Frame | undefined = "frame") =>
  decodeFrame({ decode: decode as never, denied: () => undefined }, frame, sourceOf(3)) as FrameRequest;

describe("a decoded request", () => {
  test("has its parts, and the request of the codec", () => {
    const request = { action: "join", payload: { room: 1 }, id: 7 };
    const read = decodedBy(() => request);
    expect(read).toEqual({ request, action: "join", payload: { room: 1 }, refusal: undefined });
    expect(read.request).toBe(request);
  });

  test("has an empty payload without a prototype by default", () => {
    const { payload } = decodedBy(() => ({ action: "join" }));
    expect([Object.getPrototypeOf(payload), Object.keys(payload), Object.isFrozen(payload)]).toEqual([null, [], true]);
  });

  test("comes from a codec with its own this, the frame and the connection", () => {
    class Words implements Codec {
      readonly mark = "!";
      decode(frame: Frame, { scope }: FrameContext) {
        return { action: `${frame}${this.mark}${scope.path}` };
      }
      denied() {
        return undefined;
      }
    }
    expect(decodeFrame(new Words(), "hello", sourceOf(1))).toMatchObject({ action: "hello!/a" });
    expect(decodedBy((frame) => ({ action: String(frame) }), Uint8Array.of(1, 2)).action).toBe("1,2");
  });

  test("without an action is refused as missing_action, with its request", () => {
    const read = decodeFrame(json(), '{"id":1}', sourceOf(1));
    expect(read).toMatchObject({ action: "", request: { id: 1 }, refusal: MISSING_ACTION });
  });

  test("that the codec calls bad is refused with that reason, with its request", () => {
    const { refusal, request } = decodedBy(() => ({ action: "a", bad: "Too odd.", id: 1 }));
    expect(refusal).toMatchObject({ code: "bad_message", status: 400, reason: "Too odd.", by: "codec" });
    expect(request).toEqual({ action: "a", bad: "Too odd.", id: 1 });
  });

  test("reads each property once", () => {
    let reads = 0;
    const request = {
      get action() {
        reads += 1;
        return reads === 1 ? "ping" : "delete";
      },
    };
    expect([decodedBy(() => request).action, reads]).toEqual(["ping", 1]);
  });
});

const SHAPE = "the codec's decode() must return { action, payload }: a string (or undefined) and an object";
const PROMISED = "the codec's decode() answered a promise: it must answer at once";
const secret = new Error("secret");

describe("a frame that cannot be decoded", () => {
  test.each<[string, () => unknown, Error]>([
    ["an error", () => Promise.reject(secret), new PermissionMisuse(PROMISED)],
    ["a promise", async () => ({ action: "ping" }), new PermissionMisuse(PROMISED)],
    ["nothing", () => undefined, new PermissionMisuse(SHAPE)],
    ["null", () => null, new PermissionMisuse(SHAPE)],
    ["a number", () => 5, new PermissionMisuse(SHAPE)],
    ["a text", () => "ping", new PermissionMisuse(SHAPE)],
    ["an action that is a number", () => ({ action: 5 }), new PermissionMisuse(SHAPE)],
    ["an action that is null", () => ({ action: null }), new PermissionMisuse(SHAPE)],
    ["a payload that is a list", () => ({ action: "ping", payload: [] }), new PermissionMisuse(SHAPE)],
    ["a payload that is null", () => ({ action: "ping", payload: null }), new PermissionMisuse(SHAPE)],
    ["a bad that is a number", () => ({ action: "ping", bad: 5 }), new PermissionMisuse(SHAPE)],
    ["an empty list", () => [], new PermissionMisuse("the codec's decode() answered an empty list")],
    ["a list with a hole", () => [{ action: "ping" }, undefined], new PermissionMisuse(SHAPE)],
    ["a list in a list", () => [[{ action: "ping" }]], new PermissionMisuse(SHAPE)],
    [
      "promises in a list",
      () => [{ action: "ping" }, Promise.reject(secret), Promise.reject(secret)],
      new PermissionMisuse(PROMISED),
    ],
    [
      "a generator that throws",
      function* () {
        yield { action: "ping" };
        throw secret;
      },
      secret,
    ],
  ])("because of %s is refused, and tells the codec nothing else", async (_what, decode, error) => {
    const read = decodedBy(decode);
    expect(read).toEqual({
      request: { action: undefined },
      action: "",
      payload: {},
      refusal: expect.objectContaining({ code: "bad_message", reason: "The message could not be read." }),
    });
    expect(read.refusal?.error).toEqual(error);
    // An unhandled rejection would fail the run.
    await new Promise(setImmediate);
  });

  test("because the codec throws is refused, with the error", () => {
    const throws = () => {
      throw secret;
    };
    expect(decodedBy(throws).refusal?.error).toBe(secret);
    expect(
      decodedBy(() => ({
        action: "a",
        get payload() {
          return throws();
        },
      })).request,
    ).toEqual({ action: undefined });
  });

  test("because the transport could not read it never reaches the codec", () => {
    const frames: unknown[] = [];
    const codec: Codec = { decode: (frame) => ({ action: String(frames.push(frame)) }), denied: () => undefined };
    const read = decodeFrame(codec, undefined, sourceOf(1)) as FrameRequest;
    expect([frames, read.action, read.refusal?.code]).toEqual([[], "", "bad_message"]);
    expect(read.refusal?.error).toEqual(new PermissionMisuse("the frame could not be read"));
  });
});

describe("several requests in one frame", () => {
  const codecOf = (requests: Iterable<unknown>): Codec => ({
    decode: () => requests as never,
    denied: () => undefined,
  });
  const read = (requests: Iterable<unknown>, most: number) => decodeFrame(codecOf(requests), "", sourceOf(most));

  test("are read in their order, from lists and generators", () => {
    const names = fc.array(fc.string(), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(names, fc.boolean(), fc.integer({ min: 1, max: 20 }), (actions, isLazy, most) => {
        const requests = actions.map((action) => ({ action }));
        const found = read(isLazy ? requests.values() : requests, most);
        if (actions.length > most) {
          const reason = `The frame holds more than ${most} requests.`;
          expect(found).toMatchObject({ request: { action: undefined }, refusal: { code: "bad_message", reason } });
        } else expect((found as FrameRequest[]).map(({ request }) => request)).toEqual(requests);
      }),
    );
  });

  test("are not made beyond the limit", () => {
    let made = 0;
    const endless = (function* () {
      for (;;) yield { action: String(made++) };
    })();
    expect(read(endless, 5)).toMatchObject({ refusal: { code: "bad_message" } });
    expect(made).toBe(6);
  });

  test("may be refused one by one", () => {
    const found = read([{ action: "a" }, { action: undefined, bad: "Odd." }, { action: undefined }], 3);
    expect((found as FrameRequest[]).map(({ refusal }) => refusal?.code)).toEqual([
      undefined,
      "bad_message",
      "missing_action",
    ]);
  });
});
