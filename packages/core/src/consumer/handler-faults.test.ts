import { AllowAny, allow, type Context, type Payload, PermissionMisuse, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { connect } from "../../test/connection.js";
import { HANDS_ON, type HandedOn } from "../engine/combine.js";

/** A rule that hands on a payload. By default it says truly of which payload it made that. */
function handing(of: (asked: Payload) => Payload = (asked) => asked) {
  const ask = ({ payload }: Context) => {
    const handed: HandedOn = { of: of(payload), payload: { made: payload.text } };
    return allow({ [HANDS_ON]: handed });
  };
  return permission("handing", Object.assign(ask, { [HANDS_ON]: true }));
}

describe("a payload that a rule hands on", () => {
  test("is that of the handler", () => {
    const { send, wire } = connect(defineConsumer().action("say", handing(), ({ payload }) => payload));
    send("say", { text: "a" });
    expect(wire.sent).toEqual(['reply say {"made":"a"}']);
  });

  test("is a fault if made of another message's payload", () => {
    const kept: Payload[] = [];
    const rule = handing((asked) => {
      kept.push(asked);
      return kept[0] as Payload;
    });
    const { send, wire, events } = connect(defineConsumer().action("say", rule, ({ payload }) => payload));
    send("say", { text: "a" });
    send("say", { text: "b" });
    expect(wire.sent).toEqual(['reply say {"made":"a"}', "refuse say permission_error 500"]);
    expect(events.at(-1)).toMatchObject({
      phase: "action",
      decision: {
        outcome: "error",
        code: "permission_error",
        by: "handler",
        error: new PermissionMisuse(
          'a rule of action "say" hands on what it made of another payload: ask it behind `input` and not in `permissions`, about each message anew',
        ),
      },
    });
  });

  test("is a fault if made before `input` parsed it", () => {
    const input = {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value: { ...Object(value) } }) },
    } as const;
    const consumer = defineConsumer()
      .permissions(handing())
      .action("say", AllowAny, { input }, ({ payload }) => payload);
    const { send, wire } = connect(consumer);
    send("say", { text: "a" });
    expect(wire.sent).toEqual(["refuse say permission_error 500"]);
  });
});
