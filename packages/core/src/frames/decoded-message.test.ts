import { describe, expect, test } from "vitest";
import type { Codec, Frame } from "../codecs/codec.js";
import { json } from "../codecs/json.js";
import { PermissionMisuse } from "../decision/errors.js";
import { MISSING_ACTION } from "../guard/refusal.js";
import { DecodedMessage } from "./decoded-message.js";

const decodedBy = (decode: (frame: Frame) => unknown, frame: Frame | undefined = "frame") =>
  new DecodedMessage({ decode: decode as never, denied: () => undefined }, frame, 5);

describe("a decoded message", () => {
  test("has the parts of the request, and its size", () => {
    const request = { action: "join", payload: { room: 1 }, id: 7 };
    const message = decodedBy(() => request);
    expect(message).toEqual({ bytes: 5, request, action: "join", payload: { room: 1 }, refusal: undefined });
    expect(message.request).toBe(request);
  });

  test("has an empty payload without a prototype by default", () => {
    const { payload } = decodedBy(() => ({ action: "join" }));
    expect([Object.getPrototypeOf(payload), Object.keys(payload), Object.isFrozen(payload)]).toEqual([null, [], true]);
  });

  test("calls the codec with its own this, and with the frame", () => {
    class Words implements Codec {
      readonly mark = "!";
      decode(frame: Frame) {
        return { action: `${frame}${this.mark}` };
      }
      denied() {
        return undefined;
      }
    }
    expect(new DecodedMessage(new Words(), "hello", 5).action).toBe("hello!");
    expect(decodedBy((frame) => ({ action: String(frame) }), Uint8Array.of(1, 2)).action).toBe("1,2");
  });

  test("without an action is refused as missing_action, with its request", () => {
    const message = new DecodedMessage(json(), '{"id":1}', 8);
    expect(message).toMatchObject({ action: "", request: { id: 1 }, refusal: MISSING_ACTION });
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

describe("a message that cannot be decoded", () => {
  const secret = new Error("secret");
  const shape = "the codec's decode() must return { action, payload }: a string (or undefined) and an object";
  const promised = "the codec's decode() answered a promise: it must answer at once";
  test.each<[string, () => unknown, Error]>([
    ["an error", () => Promise.reject(secret), new PermissionMisuse(promised)],
    ["a promise", async () => ({ action: "ping" }), new PermissionMisuse(promised)],
    ["nothing", () => undefined, new PermissionMisuse(shape)],
    ["null", () => null, new PermissionMisuse(shape)],
    ["a number", () => 5, new PermissionMisuse(shape)],
    ["a list", () => [{ action: "ping" }], new PermissionMisuse(shape)],
    ["an action that is a number", () => ({ action: 5 }), new PermissionMisuse(shape)],
    ["an action that is null", () => ({ action: null }), new PermissionMisuse(shape)],
    ["a payload that is a list", () => ({ action: "ping", payload: [] }), new PermissionMisuse(shape)],
    ["a payload that is null", () => ({ action: "ping", payload: null }), new PermissionMisuse(shape)],
    ["a bad that is a number", () => ({ action: "ping", bad: 5 }), new PermissionMisuse(shape)],
  ])("because of %s is refused, and tells the codec nothing else", (_what, decode, error) => {
    const message = decodedBy(decode);
    expect(message).toEqual({
      bytes: 5,
      request: { action: undefined },
      action: "",
      payload: {},
      refusal: expect.objectContaining({ code: "bad_message", reason: "The message could not be read." }),
    });
    expect(message.refusal?.error).toEqual(error);
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
    const message = new DecodedMessage(
      { decode: (frame) => ({ action: String(frames.push(frame)) }), denied: () => undefined },
      undefined,
      0,
    );
    expect([frames, message.action, message.refusal?.code]).toEqual([[], "", "bad_message"]);
    expect(message.refusal?.error).toEqual(new PermissionMisuse("the frame could not be read"));
  });
});
