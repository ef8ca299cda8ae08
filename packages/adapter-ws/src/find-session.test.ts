import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";

test.each([undefined, null, 5, "socket", {}, () => {}])("a guard finds no session for value %#", (value) => {
  const wss = new WebSocketServer({ noServer: true });
  onTestFinished(() => wss.close());
  const guarded = guard(wss, definePolicy({ permissions: AllowAny }));
  expect(guarded.findSession(value as never)).toBeUndefined();
  expect(() => guarded.sessionOf(value as never)).toThrow(PermissionMisuse);
});
