import { expect, test } from "vitest";
import { PermissionMisuse } from "../decision/errors.js";
import { dcrf } from "./dcrf.js";
import { json } from "./json.js";
import { checkRenewalStream } from "./renewal-stream.js";

const check = (action: string | undefined, multiplex: boolean | readonly string[]) =>
  checkRenewalStream("guard()", dcrf({ multiplex }), { "~renews": action });

test("an action of renewals is sent in a stream of the list", () => {
  expect(() => check("auth.renew", ["auth"])).not.toThrow();
  expect(() => check("auth.renew", ["chat", "auth"])).not.toThrow();
});

test.each(["renew", "renew.auth", "author.renew", "chat.", "auth.", ""])(
  "the action %j of renewals needs a stream of its own",
  (action) => {
    expect(() => check(action, ["chat", "auth"])).toThrow(
      new PermissionMisuse(
        `guard(): \`multiplex\` has no stream for "${action}", the \`renew\` of continuity(), so no client could renew: write { action: "chat.renew" }, which a client sends as "renew" of the stream "chat", or add a stream`,
      ),
    );
  },
);

test("a codec without named streams takes any action of renewals", () => {
  for (const multiplex of [true, false]) expect(() => check("renew", multiplex)).not.toThrow();
  expect(() => checkRenewalStream("guard()", json(), { "~renews": "renew" })).not.toThrow();
});

test("a guard without renewals needs no stream for them", () => {
  expect(() => check(undefined, ["chat"])).not.toThrow();
  expect(() => checkRenewalStream("guard()", dcrf({ multiplex: ["chat"] }), undefined)).not.toThrow();
});
