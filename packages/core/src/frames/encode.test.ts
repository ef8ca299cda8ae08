import { describe, expect, test, vi } from "vitest";
import type { Codec } from "../codecs/codec.js";
import { createDecision } from "../decision/decision.js";
import { PermissionMisuse } from "../decision/errors.js";
import { DecodedMessage } from "./decoded-message.js";
import { encodeNotice, encodeRefusal, encodeReply, joinAnswers } from "./encode.js";

const refused = createDecision("deny", "not_a_member", { status: 403, reason: "No.", by: "isMember" });
const PUBLIC = { code: "not_a_member", status: 403, reason: "No.", retry: "never" };

/** A codec with some methods of its own, and the message that it decoded. */
function made(methods: Partial<Record<keyof Codec, unknown>>) {
  const codec = { decode: () => ({ action: "join" }), denied: () => undefined, ...methods } as Codec;
  const request = { request: { action: "join", id: 7 }, action: "join", payload: {}, refusal: undefined };
  return { codec, message: new DecodedMessage(request as never, 5, "frame", false), denied: undefined };
}

describe("a refusal", () => {
  test("is encoded from the request and the public part of the decision", () => {
    const encode = vi.fn(() => "refused");
    const report = vi.fn();
    const { message, ...options } = made({ denied: encode });
    expect(encodeRefusal(options, message, refused, report)).toBe("refused");
    expect(encode.mock.calls).toEqual([[{ action: "join", id: 7 }, PUBLIC, undefined]]);
    expect(encode.mock.contexts).toEqual([options.codec]);
    expect(report).not.toHaveBeenCalled();
  });

  test("of an input has its public issues", () => {
    const encode = vi.fn(() => undefined);
    const { message, ...options } = made({ denied: encode });
    const issues = [{ message: "Required", path: ["room"] }];
    const invalid = createDecision("error", "invalid_input", { status: 400, reason: "room: Required", issues });
    expect(encodeRefusal(options, message, invalid, () => {})).toBeUndefined();
    expect(encode.mock.calls[0]).toMatchObject([
      {},
      { code: "invalid_input" },
      [{ path: ["room"], message: "Required" }],
    ]);
  });

  test.each<[string, unknown]>([
    ["text", "text"],
    ["bytes", Uint8Array.of(1)],
    ["nothing", undefined],
  ])("may be %s", (_what, frame) => {
    const { message, ...options } = made({ denied: () => frame });
    expect(encodeRefusal(options, message, refused, () => {})).toBe(frame);
  });

  const promised = new PermissionMisuse("the codec's denied() answered a promise: it must answer at once");
  test.each<[string, () => unknown, unknown]>([
    ["a promise", async () => "text", promised],
    ["a promise that rejects", async () => Promise.reject(new Error("secret")), promised],
    [
      "an object",
      () => ({}),
      new PermissionMisuse("the codec's denied() answered an object: it must answer a string, or bytes"),
    ],
    ["null", () => null, new PermissionMisuse("the codec's denied() answered null: it must answer a string, or bytes")],
  ])("that would be %s is plain JSON, and the error is reported", (_what, encode, error) => {
    const report = vi.fn();
    const { message, ...options } = made({ denied: encode });
    expect(JSON.parse(String(encodeRefusal(options, message, refused, report)))).toEqual({ error: PUBLIC });
    expect(report.mock.calls).toEqual([[error]]);
  });
});

describe("the option `denied`", () => {
  test("takes the place of the codec, and gets the request of it", () => {
    const denied = vi.fn(() => "refused");
    const { codec, message } = made({ denied: () => "by the codec" });
    const issues = [{ message: "Required", path: ["room"] }];
    const invalid = createDecision("error", "invalid_input", { status: 400, reason: "room: Required", issues });
    expect(encodeRefusal({ codec, denied }, message, refused, () => {})).toBe("refused");
    encodeRefusal({ codec, denied }, message, invalid, () => {});
    expect(denied.mock.calls).toEqual([
      [PUBLIC, { action: "join", id: 7 }, undefined],
      [expect.objectContaining({ code: "invalid_input" }), { action: "join", id: 7 }, issues],
    ]);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    ["returns a promise", async () => "late"],
    ["returns an object", () => ({})],
  ])("that %s is replaced by plain JSON, and the error is reported", (_what, denied) => {
    const report = vi.fn();
    const { codec, message } = made({});
    const frame = encodeRefusal({ codec, denied: denied as never }, message, refused, report);
    expect(JSON.parse(String(frame))).toEqual({ error: PUBLIC });
    expect(report).toHaveBeenCalledTimes(1);
  });
});

describe("joined answers", () => {
  test("are one frame of the codec, or else the answers", () => {
    const join = vi.fn(() => "joined");
    const { codec } = made({ join });
    expect(joinAnswers(codec, ["a", "b"], () => {})).toEqual(["joined"]);
    expect([join.mock.calls, join.mock.contexts]).toEqual([[[["a", "b"]]], [codec]]);
    const report = vi.fn();
    expect(joinAnswers(made({}).codec, ["a", "b"], report)).toEqual(["a", "b"]);
    expect(report).not.toHaveBeenCalled();
  });

  const answered = (text: string) => new PermissionMisuse(`the codec's join() answered ${text}`);
  test.each<[string, () => unknown, Error]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      new Error("secret"),
    ],
    ["returns a promise", async () => "late", answered("a promise: it must answer at once")],
    ["returns nothing", () => undefined, answered("undefined: it must answer a string, or bytes")],
    ["returns an object", () => ({}), answered("an object: it must answer a string, or bytes")],
  ])("stay frames of their own when join() %s", (_what, join, error) => {
    const report = vi.fn();
    expect(joinAnswers(made({ join }).codec, ["a", "b"], report)).toEqual(["a", "b"]);
    expect(report.mock.calls).toEqual([[error]]);
  });
});

describe("a reply", () => {
  test("has status 200 and the action of the message by default", () => {
    const reply = vi.fn(() => "sent");
    const { codec, message } = made({ reply });
    expect(encodeReply(codec, message, { a: 1 }, {})).toBe("sent");
    expect(encodeReply(codec, message, undefined, { status: 201, action: "joined" })).toBe("sent");
    expect(reply.mock.calls).toEqual([
      [{ action: "join", id: 7 }, { a: 1 }, { status: 200, action: "join" }],
      [{ action: "join", id: 7 }, undefined, { status: 201, action: "joined" }],
    ]);
    expect(reply.mock.contexts).toEqual([codec, codec]);
  });

  test("that is no frame throws", () => {
    const { codec, message } = made({ reply: () => 5 });
    expect(() => encodeReply(codec, message, null, {})).toThrow(
      new PermissionMisuse("the codec's reply() answered 5: it must answer a string, or bytes"),
    );
    const { codec: late } = made({ reply: async () => "late" });
    expect(() => encodeReply(late, message, null, {})).toThrow(
      new PermissionMisuse("the codec's reply() answered a promise: it must answer at once"),
    );
  });
});

describe("a notice", () => {
  const data = { expiresIn: 5 };

  test("is encoded by the codec", () => {
    const notify = vi.fn(() => "notice");
    const { codec } = made({ notify });
    expect(encodeNotice(codec, "auth.expiring", data)).toBe("notice");
    expect([notify.mock.calls, notify.mock.contexts]).toEqual([[["auth.expiring", data]], [codec]]);
  });

  test("of the end is left out, because the close tells it", () => {
    const notify = vi.fn(() => "notice");
    expect(encodeNotice(made({ notify }).codec, "auth.ended", data)).toBeUndefined();
    expect(notify).not.toHaveBeenCalled();
  });

  test("is left out by a codec without notify()", () => {
    expect(encodeNotice(made({}).codec, "auth.expired", {})).toBeUndefined();
  });

  test("that is no frame throws", () => {
    expect(() => encodeNotice(made({ notify: () => 5 }).codec, "auth.expired", {})).toThrow(
      new PermissionMisuse("the codec's notify() answered 5: it must answer a string, or bytes"),
    );
  });
});

describe("the answer to a renewal", () => {
  const RENEWAL = { "~isRenewal": true } as const;
  const data = { expiresIn: 5 };

  test("is told to the codec", () => {
    const reply = vi.fn(() => "frame");
    const { codec, message } = made({ reply });
    expect(encodeReply(codec, message, data, RENEWAL)).toBe("frame");
    expect(reply).toHaveBeenCalledWith(message.request, data, { status: 200, action: "join", isRenewal: true });
  });

  test("that the codec leaves out is a fault", () => {
    const { codec, message } = made({ reply: () => undefined });
    expect(() => encodeReply(codec, message, data, RENEWAL)).toThrow(
      /answered a renewal with undefined: return a frame/,
    );
    expect(encodeReply(codec, message, data, {})).toBeUndefined();
  });

  test("is left out for a notification", () => {
    const { codec } = made({ reply: () => undefined });
    const request = { request: { action: "join", id: undefined }, action: "join", payload: {}, refusal: undefined };
    const message = new DecodedMessage(request as never, 5, "frame", false);
    expect(encodeReply(codec, message, data, RENEWAL)).toBeUndefined();
  });
});
